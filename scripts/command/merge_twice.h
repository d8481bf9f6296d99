/* Processes that several of the files to be merged count.  One thread, no lock. */
#ifndef AUTOPIN_MERGE_TWICE_H
#define AUTOPIN_MERGE_TWICE_H

#include "scripts/command/report_read.h"

/* Says on stderr, in one sentence, which process is in two of the n files, and how many others are.  A process is known
 * by its number, its program and command line, and by how long it has run, to the nanosecond: the number alone comes
 * again, on another machine or in another container, with the same command line too. */
void merge_say_twice(const struct loaded *from, char *const *files, unsigned n);

#endif
