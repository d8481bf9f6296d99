/* The malloc family, and what a program does to its pages by itself. */
#define _GNU_SOURCE
#include "storm.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

static size_t any_align(struct worker *w)
{
    return (size_t)16 << draw(w, draw(w, 4) ? 9 : 18); /* up to 4 KiB, now and then up to 2 MiB */
}

static void check_zero(const struct worker *w, const char *at, size_t bytes, const char *what)
{
    static const char zero[PAGE];
    for (size_t n; bytes; at += n, bytes -= n) {
        n = bytes < sizeof zero ? bytes : sizeof zero;
        if (memcmp(at, zero, n) != 0)
            wrong(w, "%s: not zero within %zu bytes of %p", what, n, (const void *)at);
    }
}

static enum kind alloc_by(struct worker *w, struct slot *s)
{
    const size_t align = any_align(w);
    void *out = NULL;
    int rc;
    switch (draw(w, 8)) {
    case 0:
        s->base = calloc(1 + s->bytes / 64, 64);
        if (s->base)
            check_zero(w, s->base, s->bytes, "calloc");
        return K_calloc;
    case 1:
        s->base = memalign(align, s->bytes);
        if ((uintptr_t)s->base % align)
            wrong(w, "memalign(%zu): %p", align, (void *)s->base);
        return K_memalign;
    case 2:
        rc = posix_memalign(&out, align, s->bytes);
        s->base = rc ? NULL : out;
        if ((uintptr_t)s->base % align)
            wrong(w, "posix_memalign(%zu): %p", align, out);
        return K_posix_memalign;
    case 3:
        s->base = aligned_alloc(align, s->bytes);
        if ((uintptr_t)s->base % align)
            wrong(w, "aligned_alloc(%zu): %p", align, (void *)s->base);
        return K_aligned_alloc;
    default:
        s->base = malloc(s->bytes);
        return K_malloc;
    }
}

void slot_alloc(struct worker *w, struct slot *s)
{
    *s = (struct slot){.bytes = any_size(w)};
    const enum kind kind = alloc_by(w, s);
    if (!s->base)
        wrong(w, "no memory for %zu bytes", s->bytes);
    if (malloc_usable_size(s->base) < s->bytes)
        wrong(w, "%zu of %zu bytes are usable", malloc_usable_size(s->base), s->bytes);
    slot_fill(w, s);
    did(kind);
}

/* As a program has to leave memory that it gives up. */
static void undo_advice(struct worker *w, struct slot *s)
{
    char *from = (char *)(((uintptr_t)s->base + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    char *to = (char *)((uintptr_t)(s->base + s->bytes) & ~(uintptr_t)(PAGE - 1));
    if (s->unlike_in_child && from < to &&
        (madvise(from, (size_t)(to - from), MADV_DOFORK) || madvise(from, (size_t)(to - from), MADV_KEEPONFORK)))
        wrong(w, "advice cannot be undone: %s", strerror(errno));
    s->unlike_in_child = 0;
}

void slot_free(struct worker *w, struct slot *s)
{
    if (!s->base)
        return;
    slot_unregister(w, s);
    undo_advice(w, s);
    if (draw(w, 2))
        slot_check(w, s, "before free");
    free(s->base);
    s->base = NULL;
    did(K_free);
}

void slot_resize(struct worker *w, struct slot *s)
{
    const size_t bytes = draw(w, 3) ? any_size(w) : s->bytes + draw(w, s->bytes / 2 + 1);
    const size_t kept = bytes < s->bytes ? bytes : s->bytes;
    const int by_array = draw(w, 4) == 0;
    slot_unregister(w, s);
    undo_advice(w, s);
    s->base = by_array ? reallocarray(s->base, bytes, 1) : realloc(s->base, bytes);
    if (!s->base)
        wrong(w, "no memory for %zu bytes", bytes);
    s->bytes = bytes;
    check_at(w, s->seed, 0, s->base, kept, "after realloc");
    slot_fill(w, s);
    did(by_array ? K_reallocarray : K_realloc);
}

/* --- advice: of whole pages within the block --------------------------------------------------------------------- */

static void drop(struct worker *w, struct slot *s, char *from, size_t bytes, int advice)
{
    if (madvise(from, bytes, advice)) {
        if (advice == MADV_DONTNEED_LOCKED && errno == EINVAL) /* before Linux 5.18 */
            return;
        wrong(w, "madvise(%d): %s", advice, strerror(errno));
    }
    check_zero(w, from, bytes, "after madvise");
    slot_refill(s, (size_t)(from - s->base), bytes);
    did(advice == MADV_DONTNEED ? K_dontneed : K_dontneed_locked);
}

/* Each page holds what it held, or zeros. */
static void lose(struct worker *w, struct slot *s, char *from, size_t bytes)
{
    if (madvise(from, bytes, MADV_FREE))
        wrong(w, "MADV_FREE: %s", strerror(errno));
    for (size_t at = 0; at < bytes; at += PAGE) {
        static const char zero[PAGE];
        if (memcmp(from + at, zero, PAGE) != 0)
            check_at(w, s->seed, (size_t)(from + at - s->base), from + at, PAGE, "after MADV_FREE");
    }
    slot_refill(s, (size_t)(from - s->base), bytes);
    did(K_madv_free);
}

static void protect(struct worker *w, struct slot *s, char *from, size_t bytes)
{
    if (mprotect(from, bytes, PROT_READ))
        wrong(w, "mprotect: %s", strerror(errno));
    check_at(w, s->seed, (size_t)(from - s->base), from, bytes, "while read-only");
    if (mprotect(from, bytes, PROT_READ | PROT_WRITE))
        wrong(w, "mprotect: %s", strerror(errno));
    slot_refill(s, (size_t)(from - s->base), bytes);
    did(K_protect);
}

/* While locked, pages cannot be dropped. */
static void lock(struct worker *w, struct slot *s, char *from, size_t bytes)
{
    if (mlock(from, bytes)) {
        if (errno != ENOMEM && errno != EAGAIN && errno != EPERM)
            wrong(w, "mlock: %s", strerror(errno));
        return;
    }
    if (madvise(from, bytes, MADV_DONTNEED) == 0 || errno != EINVAL)
        wrong(w, "MADV_DONTNEED of locked memory");
    check_at(w, s->seed, (size_t)(from - s->base), from, bytes, "while locked");
    if (munlock(from, bytes))
        wrong(w, "munlock: %s", strerror(errno));
    did(K_lock);
}

static void advise(struct worker *w, char *from, size_t bytes, int advice)
{
    if (madvise(from, bytes, advice) && errno != EINVAL)
        wrong(w, "madvise(%d): %s", advice, strerror(errno));
    did(advice == MADV_DONTFORK ? K_dont_fork : advice == MADV_WIPEONFORK ? K_wipe_on_fork : K_huge_page);
}

void slot_advise(struct worker *w, struct slot *s)
{
    const uintptr_t first = ((uintptr_t)s->base + PAGE - 1) / PAGE, last = (uintptr_t)(s->base + s->bytes) / PAGE;
    static const enum kind kinds[] = {K_dontneed,  K_dontneed_locked, K_madv_free, K_protect,
                                      K_huge_page, K_dont_fork,       K_lock,      K_wipe_on_fork};
    const enum kind kind = kinds[draw(w, sizeof kinds / sizeof *kinds)];
    const uint64_t begin = draw(w, 1 << 20), many = draw(w, 1 << 20), all = draw(w, 3) == 0;
    if (first >= last || s->registered || !allowed(kind))
        return;
    const uintptr_t skip = all ? 0 : begin % (last - first),
                    pages = all ? last - first : 1 + many % (last - first - skip);
    char *from = (char *)((first + skip) * PAGE);
    if (kind == K_dontneed || kind == K_dontneed_locked)
        drop(w, s, from, pages * PAGE, kind == K_dontneed ? MADV_DONTNEED : MADV_DONTNEED_LOCKED);
    else if (kind == K_madv_free)
        lose(w, s, from, pages * PAGE);
    else if (kind == K_protect)
        protect(w, s, from, pages * PAGE);
    else if (kind == K_lock)
        lock(w, s, from, pages * PAGE);
    else
        advise(w, from, pages * PAGE,
               kind == K_huge_page   ? MADV_HUGEPAGE
               : kind == K_dont_fork ? MADV_DONTFORK
                                     : MADV_WIPEONFORK);
    s->unlike_in_child |= kind == K_dont_fork || kind == K_wipe_on_fork;
}
