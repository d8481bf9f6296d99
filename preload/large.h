/* Large blocks: from the call stack of a malloc to a block of the arena, and back.
 *
 * Callers: hooks_malloc.c only.  Every function here keeps errno unless it says otherwise, and none makes a driver
 * call. */
#ifndef AUTOPIN_LARGE_H
#define AUTOPIN_LARGE_H

#include <stddef.h>
#include <stdint.h>

/* Who called a hook. */
struct caller {
    uintptr_t pc;          /* return address */
    const uintptr_t *slot; /* where on the stack it lies */
};

/* Memory for `size` bytes aligned to `align` (a power of two; 0: any), zeroed if asked for.  `caller` is who
 * called the hook.  NULL: let the next allocator serve it. */
void *large_alloc(size_t size, size_t align, int zero, const struct caller *caller);

/* `ptr` is in the arena's range. */
void large_free(void *ptr);
size_t large_usable(const void *ptr);

/* realloc of a block of the arena, to any size > 0.  NULL and ENOMEM when there is no memory; the block is then as it
 * was. */
void *large_realloc(void *ptr, size_t size, const struct caller *caller);

#endif
