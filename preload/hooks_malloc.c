/* The malloc family.  Hooks only forward: small to the next allocator, large to large.c.
 *
 * The fast path of malloc is one comparison and a jump, that of free one range check and a jump. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "arena.h"
#include "large.h"
#include "life.h"
#include "next.h"
#include "self.h"

/* Of the hook that this stands in: so never in a helper. */
#define CALLER                                                                                                         \
    (&(const struct caller){(uintptr_t)__builtin_return_address(0), (const uintptr_t *)__builtin_dwarf_cfa() - 1})

static __attribute__((noinline)) void *malloc_large(size_t size, const struct caller *caller)
{
    void *ptr = large_alloc(size, 0, 0, caller);
    return ptr ? ptr : next.malloc(size);
}

EXPORT NEAR_START void *malloc(size_t size)
{
    if (LIKELY(size < life_threshold))
        return next.malloc(size);
    return malloc_large(size, CALLER);
}

EXPORT NEAR_START void free(void *ptr)
{
    if (LIKELY(!arena_owns(ptr)))
        next.free(ptr);
    else
        large_free(ptr);
}

static __attribute__((noinline)) void *calloc_large(size_t count, size_t size, const struct caller *caller)
{
    void *ptr = large_alloc(count * size, 0, 1, caller);
    return ptr ? ptr : next.calloc(count, size);
}

EXPORT NEAR_START void *calloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total) || LIKELY(total < life_threshold))
        return next.calloc(count, size);
    return calloc_large(count, size, CALLER);
}

/* From the next allocator's memory into the arena. */
static __attribute__((noinline)) void *realloc_grown(void *ptr, size_t size, const struct caller *caller)
{
    const size_t had = next.malloc_usable_size(ptr);
    if (had >= size / 2)
        return next.realloc(ptr, size); /* large already, and not ours: leave it where it is */
    void *to = large_alloc(size, 0, 0, caller);
    if (!to)
        return next.realloc(ptr, size);
    __builtin_memcpy(to, ptr, had < size ? had : size);
    next.free(ptr);
    return to;
}

static __attribute__((noinline)) void *realloc_large(void *ptr, size_t size, const struct caller *caller)
{
    if (!arena_owns(ptr))
        return ptr ? realloc_grown(ptr, size, caller) : malloc_large(size, caller);
    if (size)
        return large_realloc(ptr, size, caller);
    large_free(ptr);
    return NULL;
}

EXPORT NEAR_START void *realloc(void *ptr, size_t size)
{
    if (LIKELY(!arena_owns(ptr)) && LIKELY(size < life_threshold))
        return next.realloc(ptr, size);
    return realloc_large(ptr, size, CALLER);
}

/* An allocator that comes before autopin may lack the functions that are seldom used; calls of them end up here, with
 * blocks of its own.  What it has instead is asked for. */
static void *of_process(const char *name, void *own, void *_Atomic *known)
{
    if (!*known) {
        void *theirs = process_function(name);
        *known = theirs ? theirs : own;
    }
    return *known;
}

static void free_of_process(void *ptr)
{
    static void *_Atomic known;
    ((void (*)(void *))of_process("free", (void *)free, &known))(ptr);
}

EXPORT void *reallocarray(void *ptr, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    static void *_Atomic known;
    void *const theirs = of_process("realloc", (void *)realloc, &known);
    /* Also when it is our own: valgrind puts its own in the place of that one, but has no reallocarray. */
    return ((void *(*)(void *, size_t))theirs)(ptr, total);
}

static int is_power_of_two(size_t n)
{
    return n && (n & (n - 1)) == 0;
}

EXPORT int posix_memalign(void **out, size_t align, size_t size)
{
    void *ptr = NULL;
    if (size >= life_threshold && is_power_of_two(align) && align % sizeof(void *) == 0)
        ptr = large_alloc(size, align, 0, CALLER);
    if (!ptr)
        return next.posix_memalign(out, align, size);
    *out = ptr;
    return 0;
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
    void *ptr = size >= life_threshold && is_power_of_two(align) ? large_alloc(size, align, 0, CALLER) : NULL;
    return ptr ? ptr : next.aligned_alloc(align, size);
}

EXPORT void *memalign(size_t align, size_t size)
{
    void *ptr = size >= life_threshold && is_power_of_two(align) ? large_alloc(size, align, 0, CALLER) : NULL;
    return ptr ? ptr : next.memalign(align, size);
}

EXPORT void *valloc(size_t size)
{
    void *ptr = size >= life_threshold ? large_alloc(size, 1, 0, CALLER) : NULL;
    return ptr ? ptr : next.valloc(size);
}

EXPORT void *pvalloc(size_t size)
{
    const size_t page = (size_t)getpagesize(), whole = (size + page - 1) & ~(page - 1);
    void *ptr = whole >= life_threshold && whole >= size ? large_alloc(whole, 1, 0, CALLER) : NULL;
    return ptr ? ptr : next.pvalloc(size);
}

EXPORT size_t malloc_usable_size(void *ptr)
{
    return LIKELY(!arena_owns(ptr)) ? next.malloc_usable_size(ptr) : large_usable(ptr);
}

EXPORT void free_sized(void *ptr, size_t size)
{
    (void)size;
    free_of_process(ptr);
}

EXPORT void free_aligned_sized(void *ptr, size_t align, size_t size)
{
    (void)align;
    (void)size;
    free_of_process(ptr);
}
