/* Distances between return addresses on the stack.  See walk.h.
 *
 * An entry is one word, so that it is read and written whole: the return address above, the distance below. */
#include "walk.h"

#include <stdatomic.h>

#include "threads.h"

enum {
    ENTRIES_LOG2 = 10,
    DISTANCE_BITS = 16,
    VARIES = (1 << DISTANCE_BITS) - 1, /* or cannot be said */
    OUTERMOST = VARIES - 1             /* an unwinder gets no further */
};

static _Atomic uint64_t distances[1 << ENTRIES_LOG2]; /* in words; by return address, a later one takes the place */

static _Atomic uint64_t *entry_of(uintptr_t pc)
{
    return &distances[pc * 0x9E3779B97F4A7C15ull >> (64 - ENTRIES_LOG2)];
}

static uint64_t entry_for(uintptr_t pc, unsigned distance)
{
    return (uint64_t)pc << DISTANCE_BITS | distance;
}

/* VARIES when it is not known. */
static unsigned distance_from(uintptr_t pc)
{
    const uint64_t entry = atomic_load_explicit(entry_of(pc), memory_order_relaxed);
    return entry >> DISTANCE_BITS == pc ? entry & VARIES : VARIES;
}

int walk_stack(const uintptr_t *slot, struct trace *trace)
{
    const uintptr_t *const end = thread_stack_end(slot);
    unsigned n = 0, distance;
    while (slot < end) {
        trace->pc[n] = *slot;
        trace->at[n++] = slot;
        distance = n < SITE_FRAMES ? distance_from(*slot) : OUTERMOST;
        if (distance == OUTERMOST) {
            trace->n = n;
            return 1;
        }
        if (distance == VARIES)
            return 0;
        slot += distance;
    }
    return 0;
}

static unsigned distance_in(const struct trace *trace, unsigned i)
{
    if (i + 1 == trace->n)
        return OUTERMOST;
    const uintptr_t words = (uintptr_t)(trace->at[i + 1] - trace->at[i]);
    return trace->fixed >> i & 1 && words && words < OUTERMOST ? (unsigned)words : VARIES;
}

int walk_learn(const struct trace *trace)
{
    int learnt = 0;
    for (unsigned i = 0; i < trace->n && i + 1 < SITE_FRAMES; i++) {
        const uintptr_t pc = trace->pc[i];
        const uint64_t seen = atomic_load_explicit(entry_of(pc), memory_order_relaxed);
        uint64_t entry = entry_for(pc, distance_in(trace, i));
        if (seen >> DISTANCE_BITS == pc && seen != entry)
            entry = entry_for(pc, VARIES);
        learnt |= seen != entry;
        atomic_store_explicit(entry_of(pc), entry, memory_order_relaxed);
    }
    return learnt;
}

void walk_forget(void)
{
    for (unsigned i = 0; i < 1 << ENTRIES_LOG2; i++)
        atomic_store_explicit(&distances[i], 0, memory_order_relaxed);
}
