/* Pages from one slot to another.  See arena.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "arena.h"

/* Linux 5.7 to 6.16 unmaps the destination before it finds that it cannot move what lies in several mappings, as pages
 * do that were moved before (6.1, mm/mremap.c: mremap_to(), vma_to_resize()); any Linux may find so late that there are
 * too many mappings. */
int arena_move_pages(const struct block *from, size_t bytes, struct block *to, size_t at)
{
    static _Atomic int impossible;
    char *base = to->base + at;
    if (atomic_load_explicit(&impossible, memory_order_relaxed))
        return -EINVAL;
    if (mremap(from->base, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, base) != MAP_FAILED)
        return 0;
    if (errno == EINVAL) { /* which is found first: nothing has been unmapped */
        atomic_store_explicit(&impossible, 1, memory_order_relaxed);
        return -EINVAL;
    }
    if (mmap(base, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
        return -EFAULT;
    to->tainted = 1;
    return -ENOMEM;
}
