/* A slot of the arena cut from front to back.  See own_heap.h. */
#include "own_heap.h"

#include <stdatomic.h>
#include <stdint.h>

#include "arena.h"
#include "life.h"

enum {
    HEAP_BYTES = 256 << 10, /* three libraries take a tenth of it */
    HEADER = 16             /* the size of the piece behind it */
};
static struct block *_Atomic slot;
static _Atomic size_t used;
static __thread int active __attribute__((tls_model("initial-exec")));

void own_heap_begin(void)
{
    if (!slot)
        slot = arena_take_empty(arena_class(HEAP_BYTES));
    active = slot != NULL;
    if (active)
        life_threshold = 0; /* so that small allocations ask here as well */
}

void own_heap_end(void)
{
    active = 0;
    life_threshold = life_options()->min_size;
}

void *own_heap_alloc(size_t size, size_t align)
{
    if (!active || size > HEAP_BYTES || align > HEAP_BYTES)
        return NULL;
    if (align < HEADER)
        align = HEADER;
    const size_t at = atomic_fetch_add(&used, HEADER + size + align);
    const uintptr_t base = (uintptr_t)slot->base + at + HEADER, start = (base + align - 1) & ~(uintptr_t)(align - 1);
    if (at > HEAP_BYTES - (HEADER + size + align))
        return NULL;
    size_t *piece = (size_t *)start; /* NOLINT(performance-no-int-to-ptr) */
    piece[-1] = size;
    return piece;
}

int own_heap_is(const struct block *block)
{
    return block && block == slot;
}

size_t own_heap_usable(const void *ptr)
{
    return ((const size_t *)ptr)[-1];
}
