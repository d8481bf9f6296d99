/* Reads the record of a process (policy/record.h), dead or alive, into this one's own counters, so that policy/report.h
 * writes the report that it did not.  Once in a process; no lock. */
#ifndef AUTOPIN_RECORD_READ_H
#define AUTOPIN_RECORD_READ_H

#include <stddef.h>

#include "policy/report.h"

/* Takes in the record in a file: sites, totals, ledger, and what is known of the process.  What is wrong with the file
 * is said in `why`, one sentence without an end; nothing of a file is believed before it was looked at.  Strings of
 * *process are never given back.  Errors: 0, or -errno: -EPERM not a regular file of this user's, -EPROTO of another
 * version, -EBADMSG damaged. */
int record_read(const char *path, struct report_process *process, char *why, size_t cap);

/* Removes the records of processes that are gone, in a directory of records.  Returns how many, or -errno. */
int record_clean(const char *directory);

#endif
