/* A record's file in memory, as far as it can be believed without looking at the objects in it: policy/record.h. */
#ifndef AUTOPIN_RECORD_LOAD_H
#define AUTOPIN_RECORD_LOAD_H

#include <stdio.h>
#include <sys/stat.h>

#include "policy/record.h"

struct record_image {
    char *text; /* `bytes` of it, aligned as a record wants it */
    size_t bytes;
    const struct record *record; /* its beginning */
    struct stat stat;
    char *why; /* of the caller's: what is wrong, one sentence without an end */
    size_t why_cap;
};

/* Reads from where the stream is to its end, and looks at the head and the table of parts.  Errors: -errno, and `why`;
 * record_unload() is wanted after an error too. */
int record_load(struct record_image *image, FILE *file);
void record_unload(struct record_image *image);

/* The string at an address of that process; NULL: it is not wholly in the file. */
const char *record_find_string(const struct record_image *image, const void *address);

/* Sets `why`; returns rc, or -EBADMSG. */
int record_wrong(const struct record_image *image, int rc, const char *what);
int record_damaged(const struct record_image *image, const char *what);

#endif
