/* Recording: the ring of events.  See trace.h; trace_file.c writes. */
#include "trace.h"

#include <string.h>

#include "arena.h"
#include "policy/hot.h"
#include "policy/prim.h"
#include "policy/trace_format.h"
#include "threads.h"
#include "trace_file.h"

enum {
    RING = 16384, /* places */
    PART = 4096,  /* written at a time */
    PATIENCE = 100
};
static const uint64_t REFRESH_NS = 2000000000;

struct place {
    _Atomic uint64_t filled; /* set last: how manieth place of all it was filled as, from 1 */
    struct trace_event event;
};

HOT_DATA int trace_on;
static struct place *ring;
static _Atomic uint64_t taken, written; /* places so far: the latter under the file's lock */
static _Atomic uint64_t dropped;
static _Atomic uint64_t last_us;
static _Atomic int full; /* the file is */

static int is_filled(const struct place *place, uint64_t at)
{
    return atomic_load_explicit(&place->filled, memory_order_acquire) == at + 1;
}

/* What is in the ring up to `end` goes to the file.  A place that was taken and is not filled yet is given a moment;
 * then its event is dropped, and not taken for a later one when it comes.  Lock: the file's. */
static void write_up_to(uint64_t end)
{
    while (atomic_load(&written) < end && !atomic_load(&full)) {
        const uint64_t from = atomic_load(&written), most = end - from < PART ? end - from : PART;
        struct trace_event *out = trace_file_room();
        uint32_t n = 0;
        for (uint64_t i = 0; i < most; i++) {
            struct place *place = &ring[(from + i) % RING];
            for (int patience = PATIENCE; !is_filled(place, from + i) && patience; patience--)
                thread_pause();
            out[n] = place->event;
            n += (unsigned)is_filled(place, from + i);
        }
        const uint32_t kept = trace_file_events(n);
        atomic_store(&full, kept < n);
        count_add(&dropped, most - kept);
        atomic_store(&written, from + most);
    }
}

static void write_all(uint64_t end)
{
    self_enter();
    if (trace_file_begin()) {
        trace_file_tables(count_get(&dropped));
        write_up_to(end);
        if (atomic_load(&full))
            trace_file_tables(count_get(&dropped));
        if (trace_file_end())
            trace_on = 0;
    }
    self_leave();
}

/* Returns whether there was room. */
static inline __attribute__((always_inline)) int add(uint64_t what, uint64_t amount)
{
    if (atomic_load_explicit(&full, memory_order_relaxed)) {
        count_add(&dropped, 1);
        return 0;
    }
    const uint64_t at = atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
    const int fits = at - atomic_load_explicit(&written, memory_order_acquire) < RING;
    if (fits) {
        struct place *place = &ring[at % RING];
        place->event = (struct trace_event){what, amount};
        atomic_store_explicit(&place->filled, at + 1, memory_order_release);
    } else {
        count_add(&dropped, 1);
    }
    if (UNLIKELY(at % PART == PART - 1))
        write_all(at + 1);
    return fits;
}

/* So that the lower bits are enough.  Seldom: the word is all threads'. */
static __attribute__((noinline)) void keep_time(uint64_t us, uint64_t last)
{
    atomic_store_explicit(&last_us, us, memory_order_relaxed);
    if (us > last + TRACE_GAP_US || last == 0)
        (void)add(trace_what(TRACE_TIME, 0, 0, 0, us, 0), us);
}

static inline uint64_t number_of(const struct block *block)
{
    return trace_low(((uintptr_t)block->base - arena_range.base) >> 16, TRACE_BLOCK_BITS);
}

static inline int add_at(uint64_t ns, const struct block *block, enum trace_kind kind, unsigned what, uint64_t amount)
{
    const uint64_t us = ns / 1000, last = atomic_load_explicit(&last_us, memory_order_relaxed);
    if (UNLIKELY(us > last + TRACE_GAP_US / 8))
        keep_time(us, last);
    return add(trace_what(kind, 0, 0, 0, us, number_of(block)) | what, amount);
}

static __attribute__((noinline)) void tell_alloc(struct block *block)
{
    const uint64_t amount = trace_cut(block->bytes, TRACE_ALLOC_BITS) | trace_cut(block->site->index, 24)
                                                                            << TRACE_ALLOC_BITS;
    block->told_bytes = add_at(prim_coarse_ns(), block, TRACE_ALLOC, 0, amount) ? block->bytes : 0;
    block->told_site = block->site;
}

static __attribute__((noinline)) void tell_again(struct block *block)
{
    const uint32_t lives = atomic_exchange(&block->again, 0);
    if (lives && !add_at(prim_coarse_ns(), block, TRACE_AGAIN, 0, lives))
        count_add(&dropped, 2 * lives - 1);
}

/* Something else happens to the block: from now on its life is told of, and those before it. */
static inline void tell(struct block *block)
{
    if (atomic_load_explicit(&block->untold, memory_order_relaxed) && atomic_exchange(&block->untold, 0)) {
        tell_again(block);
        tell_alloc(block);
    }
}

void trace_alloc(struct block *block)
{
    if (block->told_bytes == block->bytes && block->told_site == block->site) {
        atomic_store_explicit(&block->untold, 1, memory_order_relaxed);
        return;
    }
    tell_again(block);
    tell_alloc(block);
}

void trace_free(struct block *block)
{
    if (atomic_load_explicit(&block->untold, memory_order_relaxed)) {
        const uint32_t lives = atomic_load_explicit(&block->again, memory_order_relaxed) + 1;
        atomic_store_explicit(&block->untold, 0, memory_order_relaxed);
        atomic_store_explicit(&block->again, lives, memory_order_relaxed);
        if (lives == TRACE_AGAIN_MOST)
            tell_again(block);
        return;
    }
    const uint64_t last = atomic_load_explicit(&last_us, memory_order_relaxed); /* when it was is of no interest */
    (void)add(trace_what(TRACE_FREE, 0, 0, 0, last, number_of(block)), 0);
}

void trace_resize(struct block *block)
{
    tell(block);
    block->told_bytes = 0;
    (void)add_at(prim_coarse_ns(), block, TRACE_RESIZE, 0, block->bytes);
}

void trace_copied(struct block *block, unsigned what, uint64_t bytes, uint64_t begin_ns, uint64_t ns)
{
    tell(block);
    (void)add_at(begin_ns, block, TRACE_COPY, what,
                 trace_cut(bytes, TRACE_COPY_BITS) | trace_pack_ns(ns) << TRACE_COPY_BITS);
}

static void tell_counted(struct block *block)
{
    tell(block);
    tell_again(block);
}

static void forget(struct block *block)
{
    block->told_bytes = 0;
    block->again = 0;
    block->untold = 0;
}

void trace_flush(void)
{
    if (!trace_on)
        return;
    arena_each(tell_counted);
    write_all(atomic_load(&taken));
}

void trace_refresh(void)
{
    static _Atomic uint64_t last_ns;
    const uint64_t now = prim_coarse_ns();
    if (!trace_on || atomic_load(&full) || now - last_ns < REFRESH_NS)
        return;
    last_ns = now;
    write_all(atomic_load(&taken));
}

void trace_start(const struct options *options)
{
    if (!trace_file_start(options, PART))
        return;
    ring = prim_map(RING * sizeof *ring);
    trace_on = ring != NULL;
}

void trace_fork_child(const struct options *options)
{
    if (!trace_on)
        return;
    trace_on = 0;
    if (!trace_file_fork_child(options))
        return;
    atomic_store(&last_us, 0);
    atomic_store(&taken, 0);
    atomic_store(&written, 0);
    atomic_store(&dropped, 0);
    atomic_store(&full, 0);
    arena_each(forget);
    for (unsigned i = 0; i < RING; i++)
        atomic_store_explicit(&ring[i].filled, 0, memory_order_relaxed);
    trace_on = 1;
}
