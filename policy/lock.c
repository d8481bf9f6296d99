/* The check of lock ranks in debug builds (-DAUTOPIN_DEBUG_LOCKS): a thread takes locks in rising order.
 *
 * Thread-local counts only.  A violation traps: it is a defect of autopin, found by its own tests; other builds contain
 * nothing of this. */
#include "lock.h"

__thread int lock_forking;

#ifdef AUTOPIN_DEBUG_LOCKS
static __thread unsigned held[RANK_COUNT] __attribute__((tls_model("initial-exec")));

/* The classes of the arena are taken all together before a fork: equal ranks are in order there. */
static int may_repeat(uint32_t rank)
{
    return rank == RANK_CLASS;
}

void lock_check_take(const struct lock *lock)
{
    const uint32_t rank = lock->rank;
    for (uint32_t other = rank + !!may_repeat(rank); other < RANK_COUNT; other++)
        if (held[other])
            __builtin_trap();
    held[rank]++;
}

void lock_check_drop(const struct lock *lock)
{
    if (held[lock->rank]-- == 0)
        __builtin_trap();
}
#endif
