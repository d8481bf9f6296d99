/* The malloc family answers as glibc's does, for small and for large blocks (rule 47).
 *
 * One of its runs has no preload: what is expected here is what glibc says. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>

#include "t_malloc_help.h"

#define KEPT 77 /* an errno that no call sets */

static void *(*volatile do_malloc)(size_t) = malloc;
static void *(*volatile do_calloc)(size_t, size_t) = calloc;
static void *(*volatile do_realloc)(void *, size_t) = realloc;
static void *(*volatile do_reallocarray)(void *, size_t, size_t) = reallocarray;
static int (*volatile do_posix_memalign)(void **, size_t, size_t) = posix_memalign;
static void *(*volatile do_aligned_alloc)(size_t, size_t) = aligned_alloc;
static void *(*volatile do_memalign)(size_t, size_t) = memalign;
static void *(*volatile do_valloc)(size_t) = valloc;
static void *(*volatile do_pvalloc)(size_t) = pvalloc;

static int aligned(const void *ptr, size_t align)
{
    return (uintptr_t)ptr % align == 0;
}

static void check_posix_memalign(size_t size)
{
    static const size_t wrong[] = {0, 1, 3, 4, 24, 100, 3 * 4096};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        void *out = &out;
        errno = KEPT;
        CHECK(do_posix_memalign(&out, wrong[i], size) == EINVAL, "alignment %zu, %zu bytes", wrong[i], size);
        CHECK(errno == KEPT, "errno %d", errno);
        CHECK(out == &out, "it was written to");
    }
    void *out = &out;
    errno = KEPT;
    CHECK(do_posix_memalign(&out, 64, (size_t)PTRDIFF_MAX + size) == ENOMEM, "%zu above PTRDIFF_MAX", size);
    CHECK(out == &out, "it was written to");
    CHECK(do_posix_memalign(&out, 64, size) == 0 && aligned(out, 64), "%zu bytes", size);
    pattern_put(out, size, 1);
    free(out);
}

static void check_odd_alignments(size_t size)
{
    char *ptr = do_aligned_alloc(3, size);
    CHECK(ptr && aligned(ptr, 4), "aligned_alloc(3, %zu)", size);
    free(ptr);
    ptr = do_memalign(24, size);
    CHECK(ptr && aligned(ptr, 32), "memalign(24, %zu)", size);
    free(ptr);
    ptr = do_memalign(0, size);
    CHECK(ptr, "memalign(0, %zu)", size);
    free(ptr);
}

static void check_zero_size(size_t size)
{
    errno = KEPT;
    CHECK(do_realloc(do_malloc(size), 0) == NULL, "of %zu bytes", size);
    CHECK(do_reallocarray(do_malloc(size), 0, 8) == NULL, "of %zu bytes", size);
    CHECK(do_reallocarray(do_malloc(size), 8, 0) == NULL, "of %zu bytes", size);
    CHECK(errno == KEPT, "errno %d", errno);
    void *const each[] = {do_malloc(0), do_calloc(0, size), do_calloc(size, 0), do_realloc(NULL, 0),
                          do_memalign(64, 0)};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        CHECK(each[i], "number %zu of the empty blocks is NULL", i);
        free(each[i]);
    }
    CHECK(malloc_usable_size(NULL) == 0, "of NULL");
}

static void too_large(const char *what, const void *ptr)
{
    CHECK(ptr == NULL && errno == ENOMEM, "%s: %p, errno %d", what, ptr, errno);
    errno = KEPT;
}

static void check_too_large(size_t size)
{
    const size_t over = (size_t)PTRDIFF_MAX + 1;
    char *ptr = do_malloc(size);
    pattern_put(ptr, size, size);
    errno = KEPT;
    too_large("malloc(over)", do_malloc(over));
    too_large("malloc(SIZE_MAX)", do_malloc(SIZE_MAX));
    too_large("calloc(over / 2, 2)", do_calloc(over / 2, 2));
    too_large("calloc, wraps to nothing", do_calloc((size_t)1 << 32, (size_t)1 << 32));
    too_large("calloc, wraps to a large size", do_calloc(SIZE_MAX / 2 + 2 * MiB, 2));
    too_large("realloc(NULL)", do_realloc(NULL, over));
    too_large("realloc", do_realloc(ptr, over));
    too_large("reallocarray", do_reallocarray(ptr, over / 2, 2));
    too_large("reallocarray, wraps", do_reallocarray(ptr, SIZE_MAX / 2 + 2 * MiB, 2));
    too_large("memalign", do_memalign(64, over));
    too_large("aligned_alloc", do_aligned_alloc(64, over));
    too_large("valloc", do_valloc(over));
    too_large("pvalloc", do_pvalloc(over));
    too_large("pvalloc(SIZE_MAX)", do_pvalloc(SIZE_MAX));
    CHECK(pattern_holds(ptr, size, size, size), "a realloc that failed changed the %zu bytes", size);
    free(ptr);
}

static void check_errno(size_t size)
{
    errno = KEPT;
    void *ptr = do_malloc(size);
    CHECK(errno == KEPT, "malloc of %zu: %d", size, errno);
    ptr = do_realloc(ptr, size * 3);
    CHECK(errno == KEPT, "realloc of %zu: %d", size, errno);
    ptr = do_realloc(ptr, size * 2);
    free(ptr);
    CHECK(errno == KEPT, "free of %zu: %d", size, errno);
    free(NULL);
    CHECK(errno == KEPT, "free(NULL): %d", errno);
}

static void check_usable(size_t size)
{
    void *const each[] = {do_malloc(size), do_calloc(1, size), do_memalign(256, size), do_valloc(size),
                          do_realloc(NULL, size)};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        const size_t usable = malloc_usable_size(each[i]);
        CHECK(usable >= size, "%zu of %zu", usable, size);
        memset(each[i], 1, usable);
        free(each[i]);
    }
    void *whole = do_pvalloc(size);
    const size_t pages = (size + 4095) & ~(size_t)4095;
    CHECK(aligned(whole, 4096) && malloc_usable_size(whole) >= pages, "pvalloc(%zu) holds %zu", size,
          malloc_usable_size(whole));
    memset(whole, 1, pages);
    free(whole);
}

/* Found by name only: glibc 2.36 has neither; autopin brings both. */
static void check_sized_free(size_t size)
{
    void (*free_sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
    void (*free_aligned_sized)(void *, size_t, size_t) =
        (void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT, "free_aligned_sized");
    if (!free_sized || !free_aligned_sized) {
        const char *preload = getenv("LD_PRELOAD");
        CHECK(!preload || !*preload, "free_sized %p, free_aligned_sized %p", (void *)free_sized,
              (void *)free_aligned_sized);
        return;
    }
    errno = KEPT;
    for (int i = 0; i < 1000; i++) { /* ten times the memory of the machine, were it not freed */
        free_sized(do_malloc(size), size);
        free_aligned_sized(do_memalign(4096, size), 4096, size);
    }
    free_sized(NULL, size);
    free_aligned_sized(NULL, 64, size);
    CHECK(errno == KEPT, "errno %d", errno);
}

int main(void)
{
    static const size_t sizes[] = {10, 100, 5000, 200000, 1 * MiB, 3 * MiB + 1, 48 * MiB};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        check_posix_memalign(sizes[i]);
        check_odd_alignments(sizes[i]);
        check_zero_size(sizes[i]);
        check_too_large(sizes[i]);
        check_errno(sizes[i]);
        check_usable(sizes[i]);
        check_sized_free(sizes[i]);
    }
    return check_result();
}
