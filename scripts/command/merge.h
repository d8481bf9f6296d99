/* Several reports as one.  One thread, no lock. */
#ifndef AUTOPIN_MERGE_H
#define AUTOPIN_MERGE_H

#include "scripts/command/report_read.h"

/* The merged report of n that were read from `files`.  Errors: NULL, and one sentence.  Owns: the caller, the result.
 */
json_t *merge_reports(const struct loaded *from, char *const *files, unsigned n, char *error, size_t cap);

#endif
