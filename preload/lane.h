/* What belongs to one thread at a time: its tally (policy/tally.h), the stacks it has allocated from lately, and the
 * largest block it freed.
 *
 * A thread takes a lane when it first serves a large block: one whose owner has ended, or a new one.  Lanes are never
 * given back, and no thread says that it ends: whether one has is asked of the kernel.  So nothing of autopin's runs
 * when a thread ends, and no key of the program's thread-specific data is used up.  No lock. */
#ifndef AUTOPIN_LANE_H
#define AUTOPIN_LANE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/tally.h"
#include "recent.h"
#include "self.h"

struct lane {
    _Atomic uint64_t owner; /* how often it has been taken, and by which thread: upper and lower half */
    struct tally tally;
    struct recent recent;
    size_t freed_most; /* the largest block that it freed and that was kept, of all its owners: arena_keep.c */
};

/* Takes a lane for the calling thread.  NULL when there is none, now or ever. */
struct lane *lane_take(void);

/* The calling thread's. */
static inline struct lane *lane_mine(void)
{
    return LIKELY(self.lane != NULL) ? self.lane : lane_take();
}

/* In a forked child: the one thread there is has another number. */
void lane_fork_child(void);

#endif
