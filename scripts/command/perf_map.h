/* Names for code that is in no file: what a run-time compiler wrote into /tmp/perf-PID.map, CPython 3.12 with -X perf
 * for one, whose functions are named by it.
 *
 * The file is believed only when it can be no other process's of the same number: it belongs to whom the report belongs
 * to, nobody else could write it, and it was last written while the process ran.  An address with two names has none.
 * One thread, no lock. */
#ifndef AUTOPIN_PERF_MAP_H
#define AUTOPIN_PERF_MAP_H

#include "scripts/command/report_read.h"

/* Gives frames without a module a list "source", as symbols_add() does; or the report a note, why not.  file: the
 * report's. */
void perf_map_add(struct loaded *report, const char *file);

#endif
