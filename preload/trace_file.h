/* The file of a trace.  Callers: trace.c only.  One lock, which begin takes and end drops; who wants it waits for a
 * moment, for a buffer to be written, and then goes without. */
#ifndef AUTOPIN_TRACE_FILE_H
#define AUTOPIN_TRACE_FILE_H

#include <stdint.h>

#include "policy/options.h"
#include "policy/trace_format.h"

/* Whether a file is to be written, and everything for it is there.  `most_events`: at a time. */
int trace_file_start(const struct options *options, uint32_t most_events);

/* Takes the lock and opens the file; returns whether that could be done. */
int trace_file_begin(void);

/* Where the next events go. */
struct trace_event *trace_file_room(void);

/* Writes so many that are there, as far as trace_max allows; returns how many. */
uint32_t trace_file_events(uint32_t n);

/* Writes the sites that are new, and the machine. */
void trace_file_tables(uint64_t dropped);

/* Closes the file and drops the lock.  Errors: -1, something could not be written. */
int trace_file_end(void);

/* In a forked child: forgets the lock; returns whether there is a file of its own. */
int trace_file_fork_child(const struct options *options);

#endif
