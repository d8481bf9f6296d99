/* The pages of a slot: made accessible, given back, moved to another slot.  See arena.h, arena_int.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "arena_int.h"

/* As munmap would: commit charge and attributes go too. */
void arena_revoke(struct block *block)
{
    if (!block->committed && !block->tainted)
        return;
    if (mmap(block->base, block->slot_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
        block->dirty = 0;
        block->resident_bytes = 0;
        block->tainted = 0;
    }
    block->committed = 0; /* if that failed, so may what comes next */
}

void arena_drop_pages(struct block *block)
{
    if (block->slot_bytes > ARENA_KEEP_MOST || block->tainted) {
        arena_revoke(block);
    } else if (madvise(block->base, block->slot_bytes, MADV_DONTNEED) == 0) {
        block->dirty = 0;
        block->resident_bytes = 0;
    }
}

int arena_commit(struct block *block)
{
    if (block->committed)
        return 0;
    if (mprotect(block->base, block->slot_bytes, PROT_READ | PROT_WRITE))
        return -1;
    block->committed = 1;
    return 0;
}

void arena_trim(struct block *block, size_t from)
{
    if (from < block->bytes)
        madvise(block->base + from, block->bytes - from, MADV_DONTNEED);
}

static _Atomic int stay; /* no pages are moved: the system cannot, or the program has locked them */

void arena_pages_stay(void)
{
    atomic_store(&stay, 1);
}

/* Linux 5.7 to 6.16 unmaps the destination before it finds that it cannot move what lies in several mappings, as pages
 * do that were moved before (6.1, mm/mremap.c: mremap_to(), vma_to_resize()); any Linux may find so late that there are
 * too many mappings. */
int arena_move_pages(const struct block *from, size_t bytes, struct block *to, size_t at)
{
    char *base = to->base + at;
    if (atomic_load_explicit(&stay, memory_order_relaxed))
        return -EINVAL;
    if (mremap(from->base, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, base) != MAP_FAILED)
        return 0;
    if (errno == EINVAL) { /* which is found first: nothing has been unmapped */
        atomic_store_explicit(&stay, 1, memory_order_relaxed);
        return -EINVAL;
    }
    if (mmap(base, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
        return -EFAULT;
    to->tainted = 1;
    return -ENOMEM;
}

void arena_moved(struct block *from, struct block *to)
{
    to->dirty = 1;
    to->resident_bytes = from->bytes;
    from->resident_bytes = ARENA_MOVED;
}
