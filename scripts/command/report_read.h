/* A report in JSON, or the record of a process, read back into struct report, so that policy/report_text.c and
 * report_json.c can write it again.
 *
 * What is read is checked: whatever the file holds, the answer is a report or one sentence.  Keys that are not known
 * are skipped.  One thread, no lock. */
#ifndef AUTOPIN_REPORT_READ_H
#define AUTOPIN_REPORT_READ_H

#include <jansson.h>

#include "policy/report.h"

enum {
    LOADED_SITES_MOST = 100000
};

/* What a frame has in place of its return address: frame.pc points to one of these. */
struct loaded_name {
    const char *function; /* NULL: unknown */
    uint64_t offset;
    json_t *json; /* the frame as it stands in the report */
};

/* What the report consists of points into the rest of the struct and into json. */
struct loaded {
    struct report report; /* n_kept == n_shown */
    struct report_process process;
    json_t *json;
    struct site *site;        /* as many as report.sites */
    struct loaded_name *name; /* SITE_FRAMES for each site */
    char error[1200];         /* "FILE: PLACE: expected ..., found ..." */
};

/* Reads FILE into *out, which is zeroed first.  Errors: -1, and out->error.  Owns: memory that out points to, until
 * report_unread(), which is wanted after an error too. */
int report_read(struct loaded *out, const char *file);
void report_unread(struct loaded *out);

/* For struct report: names of functions by frame.pc. */
int report_read_symbolise(void *ctx, const struct frame *frame, char *function, size_t cap, uint64_t *offset);

#endif
