/* The records of this user's processes: where the library keeps them.  One thread, no lock. */
#ifndef AUTOPIN_RECORD_LIST_H
#define AUTOPIN_RECORD_LIST_H

#include "record_alive.h"

struct record_entry {
    char path[512];
    struct record_head head; /* program and cause have ends */
    int readable;            /* this version wrote it; else nothing is known but pid, its namespace and made_ns */
    enum record_life life;
};

/* All of them, the newest first, in memory of its own, which the caller frees.  What is no record, or not this
 * user's, is left out.  Returns how many; -1: there is no memory. */
int record_list(struct record_entry **out);

/* Removes those of processes that are gone, and what they had begun of one; none of which that cannot be told.  Returns
 * how many; -1 and errno when one of them cannot be. */
int record_clean(void);

#endif
