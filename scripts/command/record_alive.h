/* Whether the process that keeps a record is there. */
#ifndef AUTOPIN_RECORD_ALIVE_H
#define AUTOPIN_RECORD_ALIVE_H

#include <sys/stat.h>

#include "policy/record.h"

/* It is if the process of that number has this very file mapped: one that came later under the number has not, nor has
 * what the process became by exec.  Where that may not be looked at: if it began before the record was made. */
int record_is_alive(const struct record_head *head, const struct stat *file);

#endif
