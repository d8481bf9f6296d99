/* The advice of several reports as one.  One thread, no lock. */
#ifndef AUTOPIN_MERGE_ADVICE_H
#define AUTOPIN_MERGE_ADVICE_H

#include "scripts/command/report_read.h"

/* Sets "advice" and "pinning_conf" of `to`: what several reports advise alike stands there once, with its gains summed;
 * of a limit, the largest, since it holds for each process.  Errors: -1, and what is wrong in which file. */
int merge_advice(json_t *to, const struct loaded *from, char *const *files, unsigned n, char *error, size_t cap);

#endif
