/* A small lock for code that runs inside somebody else's malloc: no allocation, no errno, no owner record.
 *
 * Ranks: a thread takes locks in rising order only.  Debug builds (-DAUTOPIN_DEBUG_LOCKS) check it.  No driver call, no
 * unwinding and no malloc happens under any of them.  A thread that is forking holds all of them, and passes freely. */
#ifndef AUTOPIN_LOCK_H
#define AUTOPIN_LOCK_H

#include <stdatomic.h>
#include <stdint.h>

#include "prim.h"

enum lock_rank {
    RANK_START = 1, /* what the application itself has registered */
    RANK_FLIGHT,    /* copies in flight */
    RANK_SITES,     /* the two tables of sites */
    RANK_ENGINE,    /* lists of pinned, quarantined and queued blocks */
    RANK_ARENA,     /* carving of new slots */
    RANK_CLASS,     /* the free slots of one size class */
    RANK_MEM,       /* autopin's private memory */
    RANK_RECORD,    /* what a report is made of */
    RANK_BOUNCE,    /* buffers for snapshots */
    RANK_RING,      /* slots for staged copies */
    RANK_TEAM,      /* staged copies that threads may help with */
    RANK_NODE,      /* this process's slot in the table of the node */
    RANK_COUNT
};

/* LOCK_OF() is what a free lock begins as: all zero but in debug builds, so that it costs no page of data. */
struct lock {
    _Atomic uint32_t word; /* 0 free, 1 taken, 2 taken and waited for */
#ifdef AUTOPIN_DEBUG_LOCKS
    uint32_t rank;
#endif
};

/* LOCK_FORKING while the calling thread is inside fork(): it holds every lock already.  LOCK_SEIZING in a child that
 * was made without fork()'s handlers: what is locked was locked by threads that are not there, and is taken from them.
 */
enum {
    LOCK_FORKING = 1,
    LOCK_SEIZING
};
extern __thread int lock_forking __attribute__((tls_model("initial-exec")));

#ifdef AUTOPIN_DEBUG_LOCKS
#define LOCK_OF(rank_of_it)                                                                                            \
    {                                                                                                                  \
        .rank = (rank_of_it)                                                                                           \
    }
void lock_check_take(const struct lock *lock);
void lock_check_drop(const struct lock *lock);
#else
#define LOCK_OF(rank_of_it)                                                                                            \
    {                                                                                                                  \
        .word = 0                                                                                                      \
    }
static inline void lock_check_take(const struct lock *lock)
{
    (void)lock;
}
static inline void lock_check_drop(const struct lock *lock)
{
    (void)lock;
}
#endif

static inline void lock_take(struct lock *lock)
{
    uint32_t seen = 0;
    if (lock_forking == LOCK_FORKING)
        return;
    lock_check_take(lock);
    if (lock_forking == LOCK_SEIZING)
        atomic_store_explicit(&lock->word, 0, memory_order_relaxed);
    if (atomic_compare_exchange_strong_explicit(&lock->word, &seen, 1, memory_order_acquire, memory_order_relaxed))
        return;
    while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire) != 0)
        prim_wait(&lock->word, 2);
}

static inline void lock_drop(struct lock *lock)
{
    if (lock_forking)
        return;
    lock_check_drop(lock);
    if (atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2)
        prim_wake(&lock->word);
}

#endif
