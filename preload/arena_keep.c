/* How much of what is free may stay resident.  See arena_int.h.  No lock.
 *
 * As glibc bounds its own heaps (malloc/malloc.c and arena.c, 2.36: M_TRIM_THRESHOLD is twice the largest block of at
 * most 32 MiB that was ever freed, at the end of each heap alone, and there is a heap for each thread, up to eight for
 * each processor), so that a program keeps neither more memory nor less speed: twice the largest that each thread
 * freed, and once the largest of all.  For one thread that is three times, as measured with blocks of random sizes
 * (tests/bench/alloc/churn.c). */
#include <stdatomic.h>

#include "arena_hot.h"
#include "arena_int.h"
#include "lane.h"

enum {
    KEEP_TIMES = 2,
    THREADS_PER_PROCESSOR = 8
};

static _Atomic size_t freed_most, threads_freed; /* the largest ever freed, and the sum of each thread's largest */

size_t arena_keep_limit(void)
{
    const size_t most = atomic_load_explicit(&freed_most, memory_order_relaxed);
    const size_t sum = atomic_load_explicit(&threads_freed, memory_order_relaxed);
    const size_t sum_most = most * THREADS_PER_PROCESSOR * hot_processors();
    return most + KEEP_TIMES * (sum < sum_most ? sum : sum_most);
}

void arena_note_freed(size_t bytes)
{
    struct lane *lane = lane_mine();
    size_t most = atomic_load(&freed_most);
    while (most < bytes && !atomic_compare_exchange_weak(&freed_most, &most, bytes))
        ;
    if (!lane || lane->freed_most >= bytes)
        return;
    atomic_fetch_add(&threads_freed, bytes - lane->freed_most);
    lane->freed_most = bytes;
}
