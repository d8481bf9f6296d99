/* What slots that are larger than need be keep resident behind their blocks.  See arena_int.h.  No lock. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/mman.h>

#include "arena_int.h"

static _Atomic size_t surplus_bytes; /* of all slots */

void arena_surplus_set(struct block *block, size_t bytes, size_t limit)
{
    const size_t surplus = block->resident_bytes > bytes ? block->resident_bytes - bytes : 0;
    const size_t had = block->surplus_bytes;
    if (surplus == had)
        return;
    if (atomic_fetch_add(&surplus_bytes, surplus - had) + surplus - had <= limit || surplus < had) {
        block->surplus_bytes = surplus;
        return;
    }
    atomic_fetch_sub(&surplus_bytes, surplus);
    block->surplus_bytes = 0;
    if (madvise(block->base + bytes, block->resident_bytes - bytes, MADV_DONTNEED) == 0)
        block->resident_bytes = bytes;
}

void arena_surplus_end(struct block *block)
{
    if (block->surplus_bytes)
        atomic_fetch_sub(&surplus_bytes, block->surplus_bytes);
    block->surplus_bytes = 0;
}
