/* Reads the record of a process (policy/record.h), dead or alive, into this one's own counters, so that policy/report.h
 * writes the report that it did not.  One thread, no lock. */
#ifndef AUTOPIN_RECORD_READ_H
#define AUTOPIN_RECORD_READ_H

#include <stdio.h>

#include "policy/report.h"

/* Takes in a record: sites, totals, ledger, and what is known of the process; what was taken in before is given back.
 * What is wrong with the file is said in `why`, one sentence without an end; nothing of a file is believed before it
 * was looked at.  Strings of *process last until the next record is read.  Errors: 0, or -errno: -EPROTO no record of
 * this version, -EBADMSG damaged. */
int record_read(FILE *file, struct report_process *process, char *why, size_t cap);

/* The same as a report in JSON, in memory of its own, which the caller frees.  Errors: NULL, and `why`. */
char *record_read_json(FILE *file, size_t *len, char *why, size_t cap);

#endif
