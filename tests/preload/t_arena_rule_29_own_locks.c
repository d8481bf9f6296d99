/* What the program locks itself stays locked until it unlocks it, whether autopin has locked that block before or not,
 * and what the kernel says about locked memory it says as it does alone (rules 29 and 35). */
#include <errno.h>
#include <sys/mman.h>

#include "t_malloc_help.h"

enum {
    PAGE = 4096,
    BLOCK = 4 << 20,
    WHOLE = BLOCK - 2 * PAGE /* what is left of a block once it begins at a page */
};
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

/* A block; `recycled`: the fifth that the same place asks for, which autopin may have locked before. */
static char *block_of(int recycled)
{
    char *ptr = NULL;
    for (int i = 0; i < (recycled ? 5 : 1); i++) {
        free(ptr);
        sleep_ms(2);
        pattern_put(ptr = opaque(malloc(BLOCK)), BLOCK, (uint64_t)i);
    }
    return ptr;
}

static char *first_page(char *ptr)
{
    return ptr + (PAGE - (uintptr_t)ptr % PAGE) % PAGE;
}

/* madvise() and what it leaves in errno. */
static int advise(char *at, size_t bytes, int advice)
{
    errno = 0;
    return madvise(at, bytes, advice) == 0 ? 0 : errno;
}

/* Pages that are locked are not dropped, and the program hears of it. */
static void dropping(char *at)
{
    char *locked = at + BLOCK / 2;
    const size_t bytes = 64 * PAGE;
    pattern_put(at, WHOLE, 9);
    CHECK(mlock(locked, bytes) == 0, "errno %d", errno);
    CHECK(advise(locked, bytes, MADV_DONTNEED) == EINVAL, "errno %d", errno);
    CHECK(advise(locked + PAGE, PAGE, MADV_DONTNEED) == EINVAL, "errno %d", errno);
    CHECK(advise(locked, bytes, MADV_FREE) == EINVAL, "errno %d", errno);
    CHECK(pattern_holds(at, WHOLE, WHOLE, 9), "locked bytes were dropped");
    CHECK(advise(locked - PAGE, PAGE, MADV_DONTNEED) == 0 && all_zero(locked - PAGE, PAGE), "beside the locked ones");
    CHECK(advise(locked + bytes, PAGE, MADV_DONTNEED) == 0 && all_zero(locked + bytes, PAGE), "behind them");
    const int known = advise(locked, PAGE, MADV_DONTNEED_LOCKED);
    CHECK(known == EINVAL || all_zero(locked, PAGE), "MADV_DONTNEED_LOCKED: errno %d", known);
    CHECK(munlock(locked, bytes) == 0, "errno %d", errno);
    CHECK(advise(locked, bytes, MADV_DONTNEED) == 0 && all_zero(locked, bytes), "errno %d", errno);
}

/* VmLck tells what the program has locked; to the byte, unless autopin is at work in the background. */
static void locking(char *at, int exact)
{
    pattern_put(at, WHOLE, 5);
    CHECK(mlock(at, WHOLE) == 0, "errno %d", errno);
    const long locked = vm_lck();
    CHECK(locked >= WHOLE, "%ld bytes are locked of %d", locked, WHOLE);
    for (int i = 0; i < 3; i++) { /* gives autopin something to do */
        free(memset(opaque(malloc(BLOCK + BLOCK / 2)), 1, BLOCK));
        CHECK(vm_lck() >= WHOLE, "%ld bytes are still locked of %d", vm_lck(), WHOLE);
    }
    const long others = vm_lck() - locked;
    CHECK(munlock(at, WHOLE) == 0, "errno %d", errno);
    CHECK(!exact || vm_lck() == locked + others - WHOLE, "%ld bytes are locked, %ld before", vm_lck(), locked + others);
    CHECK(pattern_holds(at, WHOLE, WHOLE, 5), "other bytes");
    CHECK(munlock(at, WHOLE) == 0, "once more: errno %d", errno);
}

int main(int argc, char **argv)
{
    const int exact = argc > 1 && strcmp(argv[1], "exact") == 0, pinning = argc > 2;
    for (int round = 0; round < 6; round++) {
        char *ptr = block_of(round % 2), *at = first_page(ptr);
        CHECK(!pinning || round % 2 == 0 || vm_lck() >= BLOCK, "nothing was locked: this run proves less than it says");
        dropping(at);
        free(ptr);
        ptr = block_of(round % 2);
        locking(first_page(ptr), exact);
        free(ptr);
    }
    return check_result();
}
