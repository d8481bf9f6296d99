/* Finds the next allocator and the real dlsym.  See next.h.
 *
 * The allocator is found without the loader where that can be (symbols.h), else by dlsym.
 *
 * Built without sibling calls: in tail position a dlsym(RTLD_NEXT, ...) becomes a jump, glibc 2.36 then takes ld.so for
 * the caller and crashes.  A lookup that fails allocates (glibc 2.36: twice), so memory for that comes from a
 * bootstrap arena that is never reused. */
#define _GNU_SOURCE
#include "next.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "policy/hot.h"
#include "self.h"
#include "symbols.h"

__thread struct self self;

enum {
    BOOT_BYTES = 1 << 16
};
static char boot_memory[BOOT_BYTES] __attribute__((aligned(16)));
static _Atomic size_t boot_used;

static void *first_malloc(size_t size);
static void first_free(void *ptr);
static void *first_calloc(size_t count, size_t size);
static void *first_realloc(void *ptr, size_t size);
static int first_posix_memalign(void **out, size_t align, size_t size);
static void *first_aligned_alloc(size_t align, size_t size);
static void *first_memalign(size_t align, size_t size);
static void *first_valloc(size_t size);
static void *first_pvalloc(size_t size);
static size_t first_malloc_usable_size(void *ptr);

#define EACH_FUNCTION(DO)                                                                                              \
    DO(malloc)                                                                                                         \
    DO(free)                                                                                                           \
    DO(calloc)                                                                                                         \
    DO(realloc)                                                                                                        \
    DO(posix_memalign)                                                                                                 \
    DO(aligned_alloc)                                                                                                  \
    DO(memalign)                                                                                                       \
    DO(valloc)                                                                                                         \
    DO(pvalloc)                                                                                                        \
    DO(malloc_usable_size)

#define FIRST(member) .member = first_##member,
struct next_allocator next = {EACH_FUNCTION(FIRST)};

/* glibc's alone; a musl child must survive the preload (rule 48). */
void *dlvsym(void *restrict lib, const char *restrict name, const char *restrict version) __attribute__((weak));

dlsym_fn next_dlsym(void)
{
    static _Atomic(dlsym_fn) found;
    static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5", "GLIBC_2.0"};
    dlsym_fn real = atomic_load_explicit(&found, memory_order_relaxed);
    for (size_t i = 0; dlvsym && !real && i < sizeof versions / sizeof *versions; i++)
        real = (dlsym_fn)dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    atomic_store_explicit(&found, real, memory_order_relaxed);
    return real;
}

void *next_function(const char *name)
{
    const dlsym_fn real = next_dlsym();
    void *function = real ? real(RTLD_NEXT, name) : NULL;
    return function;
}

NEAR_START void *next_libc(const char *name)
{
    void *function = symbol_next(name);
    if (!function)
        function = next_function(name);
    return function;
}

void *process_function(const char *name)
{
    void *function = symbol_first(name);
    const dlsym_fn real = function ? NULL : next_dlsym();
    if (real)
        function = real(RTLD_DEFAULT, name);
    return function;
}

static int is_boot(const void *ptr)
{
    return (uintptr_t)ptr - (uintptr_t)boot_memory < BOOT_BYTES;
}

/* In force from the moment the bootstrap arena has served anything; looked up anew each time: no libc that autopin was
 * tried with gets here. */
static void checked_free(void *ptr)
{
    void (*real)(void *) = is_boot(ptr) ? NULL : (void (*)(void *))next_function("free");
    if (real)
        real(ptr);
}

static void *checked_realloc(void *ptr, size_t size)
{
    if (!is_boot(ptr)) {
        void *(*real)(void *, size_t) = (void *(*)(void *, size_t))next_function("realloc");
        return real ? real(ptr, size) : NULL;
    }
    void *moved = next.malloc(size);
    const size_t there = (size_t)(boot_memory + BOOT_BYTES - (char *)ptr);
    return moved ? memcpy(moved, ptr, size < there ? size : there) : NULL;
}

static void *boot_alloc(size_t size)
{
    const size_t at = atomic_fetch_add(&boot_used, (size + 15) & ~(size_t)15);
    __atomic_store_n(&next.free, checked_free, __ATOMIC_RELEASE);
    __atomic_store_n(&next.realloc, checked_realloc, __ATOMIC_RELEASE);
    return at + size <= BOOT_BYTES ? boot_memory + at : NULL;
}

/* Looks one function up and puts it in force, unless the bootstrap arena has put a checking one there meanwhile.
 * Idempotent, so threads that come at once need no lock.  Returns whether the pointer is now good for a call. */
static NEAR_START int resolved(void *slot, void *first, const char *name)
{
    if (self.resolving)
        return 0;
    self.resolving++;
    void *function = next_libc(name), *expected = first;
    self.resolving--;
    if (function)
        __atomic_compare_exchange_n((void **)slot, &expected, function, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
    return __atomic_load_n((void **)slot, __ATOMIC_ACQUIRE) != first;
}

/* Not among the constants: those lie in pages that a program without large blocks does not need. */
#define NAME(member) static HOT_DATA char name_##member[] = #member;
EACH_FUNCTION(NAME)

#define RESOLVED(member) resolved((void *)&next.member, (void *)first_##member, name_##member)

static NEAR_START void *first_malloc(size_t size)
{
    return RESOLVED(malloc) ? next.malloc(size) : boot_alloc(size);
}

static NEAR_START void first_free(void *ptr)
{
    if (ptr && RESOLVED(free))
        next.free(ptr);
}

static NEAR_START void *first_calloc(size_t count, size_t size)
{
    size_t total;
    if (RESOLVED(calloc))
        return next.calloc(count, size);
    return __builtin_mul_overflow(count, size, &total) ? NULL : boot_alloc(total);
}

static NEAR_START void *first_realloc(void *ptr, size_t size)
{
    if (RESOLVED(realloc))
        return next.realloc(ptr, size);
    return ptr ? NULL : boot_alloc(size);
}

static int first_posix_memalign(void **out, size_t align, size_t size)
{
    return RESOLVED(posix_memalign) ? next.posix_memalign(out, align, size) : ENOMEM;
}

static void *first_aligned_alloc(size_t align, size_t size)
{
    return RESOLVED(aligned_alloc) ? next.aligned_alloc(align, size) : NULL;
}

static void *first_memalign(size_t align, size_t size)
{
    return RESOLVED(memalign) ? next.memalign(align, size) : NULL;
}

static void *first_valloc(size_t size)
{
    return RESOLVED(valloc) ? next.valloc(size) : NULL;
}

static void *first_pvalloc(size_t size)
{
    return RESOLVED(pvalloc) ? next.pvalloc(size) : NULL;
}

static size_t first_malloc_usable_size(void *ptr)
{
    return RESOLVED(malloc_usable_size) ? next.malloc_usable_size(ptr) : 0;
}

void next_resolve(void)
{
#define RESOLVE(member) (void)RESOLVED(member);
    EACH_FUNCTION(RESOLVE)
}
