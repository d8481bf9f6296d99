/* Where the report goes: stderr, or the configured path.  Makes no driver call. */
#ifndef AUTOPIN_REPORT_OUT_H
#define AUTOPIN_REPORT_OUT_H

#include <stddef.h>

#include "policy/site.h"

/* Writes the report of this process, if there is anything to say and anybody wants to hear it.  A file is written anew
 * each time; on stderr the report is repeated only when something was done since. */
void report_at(const char *cause);

/* While the program runs: writes a report that goes to a file anew, if the last one is two seconds old, so that there
 * is one after SIGKILL or a crash.  Context: worker. */
void report_refresh(void);

/* The process has not ended after all: an exec failed. */
void report_go_on(void);

/* A path with its %p, %h and %r replaced. */
void report_expand(const char *pattern, char *out, size_t cap);

/* The function of a frame, as policy/report.h wants it: symbols of the dynamic table only. */
int report_symbol(void *ctx, const struct frame *frame, char *function, size_t cap, uint64_t *offset);

/* The command line of the process, as the kernel knows it, cut to cap bytes with its NUL. */
void report_command_line(char *out, size_t cap);

/* In a forked child nothing has been written. */
void report_fork_child(void);

#endif
