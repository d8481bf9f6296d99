/* Whether the process that keeps a record is there.  No more than its number tells which it is, so of one of another
 * PID namespace nobody can say. */
#ifndef AUTOPIN_RECORD_ALIVE_H
#define AUTOPIN_RECORD_ALIVE_H

#include <sys/stat.h>

#include "policy/record.h"

enum record_life {
    RECORD_GONE,
    RECORD_ALIVE,
    RECORD_ELSEWHERE
};

/* It is alive if the process of that number has this very file mapped: one that came later under the number has not,
 * nor has what the process became by exec.  Where that may not be looked at: if it began before the record was made. */
enum record_life record_life(const struct record_head *head, const struct stat *file);

/* Whether numbers of that PID namespace mean nothing here; not so where one of the two is not known. */
int record_is_elsewhere(uint64_t theirs);

#endif
