/* What of a slot is resident, above all what larger slots keep behind their blocks.  See arena_int.h.  No lock. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/mman.h>

#include "arena_int.h"

static _Atomic size_t surplus_bytes; /* of slots in use: those that are free are bounded by what is kept of them */

void arena_surplus_begin(struct block *block, size_t bytes, size_t limit)
{
    if (block->resident_bytes <= bytes)
        return;
    const size_t surplus = block->resident_bytes - bytes;
    if (atomic_fetch_add(&surplus_bytes, surplus) + surplus <= limit) {
        block->surplus_bytes = surplus;
        return;
    }
    atomic_fetch_sub(&surplus_bytes, surplus);
    if (madvise(block->base + bytes, block->resident_bytes - bytes, MADV_DONTNEED) == 0)
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

int arena_leaves(struct block *block)
{
    arena_surplus_end(block);
    return arena_note_used(block);
}
