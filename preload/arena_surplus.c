/* What of a slot is resident, above all what larger slots keep behind their blocks.  See arena_int.h.  No lock.
 *
 * A slot in a processor's place goes on counting when it is free, so that a loop of malloc and free that is served from
 * a larger slot counts nothing; until there is too much. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/mman.h>

#include "arena_hot.h"
#include "arena_int.h"

static _Atomic size_t surplus_bytes; /* beside it, what is free is bounded by what is kept */

/* Those that are free count no longer. */
static void count_used_only(void)
{
    struct block *block;
    for (unsigned at = 0; (block = hot_lift(&at));)
        arena_give(block, 1);
}

static int count(size_t bytes, size_t limit)
{
    if (atomic_fetch_add(&surplus_bytes, bytes) + bytes <= limit)
        return 1;
    count_used_only();
    if (atomic_load(&surplus_bytes) <= limit)
        return 1;
    atomic_fetch_sub(&surplus_bytes, bytes);
    return 0;
}

void arena_surplus_begin(struct block *block, size_t bytes, size_t limit)
{
    arena_surplus_end(block);
    const size_t surplus = block->resident_bytes > bytes ? block->resident_bytes - bytes : 0;
    if (!surplus)
        return;
    if (count(surplus, limit))
        block->surplus_bytes = surplus;
    else if (madvise(block->base + bytes, surplus, MADV_DONTNEED) == 0)
        block->resident_bytes = bytes;
}

void arena_surplus_end(struct block *block)
{
    if (block->surplus_bytes)
        atomic_fetch_sub(&surplus_bytes, block->surplus_bytes);
    block->surplus_bytes = 0;
}

int arena_note_used(struct block *block)
{
    atomic_store_explicit(&block->dirty, 1, memory_order_relaxed);
    if (block->resident_bytes == ARENA_MOVED) /* but what lay behind them may be there still */
        return 0;
    if (block->resident_bytes < block->bytes)
        block->resident_bytes = block->bytes;
    return !block->tainted;
}
