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

/* A block that is recycled where anything is; autopin may have locked it before. */
static char *block_of(int recycled)
{
    for (int i = 0; i < (recycled ? 4 : 0); i++) {
        char *ptr = opaque(malloc(BLOCK));
        pattern_put(ptr, BLOCK, (uint64_t)i);
        free(ptr);
        sleep_ms(2);
    }
    return opaque(malloc(BLOCK));
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

/* VmLck tells what the program has locked, and that to the byte. */
static void locking(char *at)
{
    pattern_put(at, WHOLE, 5);
    CHECK(mlock(at, WHOLE) == 0, "errno %d", errno);
    CHECK(vm_lck() == WHOLE, "%ld bytes are locked of %d", vm_lck(), WHOLE);
    free(opaque(malloc(BLOCK + BLOCK / 2))); /* gives autopin something to do */
    CHECK(vm_lck() >= WHOLE, "%ld bytes are still locked of %d", vm_lck(), WHOLE);
    CHECK(munlock(at + PAGE, PAGE) == 0, "errno %d", errno);
    CHECK(munlock(at, WHOLE) == 0, "errno %d", errno);
    CHECK(pattern_holds(at, WHOLE, WHOLE, 5), "other bytes");
    CHECK(munlock(at, WHOLE) == 0, "once more: errno %d", errno);
}

int main(void)
{
    for (int recycled = 0; recycled < 2; recycled++) {
        for (int round = 0; round < 3; round++) {
            char *ptr = block_of(recycled), *at = first_page(ptr);
            const long before = vm_lck();
            dropping(at);
            CHECK(vm_lck() <= before, "%ld bytes are locked, %ld before", vm_lck(), before);
            free(ptr);
        }
        char *ptr = block_of(recycled);
        mlock(ptr, BLOCK); /* whatever was locked of it is the program's from here on */
        munlock(ptr, BLOCK);
        if (vm_lck() == 0)
            locking(first_page(ptr));
        else
            CHECK(recycled, "%ld bytes are locked before anything was recycled", vm_lck());
        free(ptr);
    }
    char *ptr = block_of(1), *at = first_page(ptr);
    pattern_put(at, WHOLE, 6);
    const long before = vm_lck();
    CHECK(mlock(at, WHOLE) == 0, "errno %d", errno);
    CHECK(vm_lck() >= WHOLE, "VmLck %ld, %ld before", vm_lck(), before);
    CHECK(munlock(at, WHOLE) == 0, "errno %d", errno);
    CHECK(vm_lck() == 0 || vm_lck() <= before - WHOLE, "VmLck %ld, %ld before", vm_lck(), before);
    free(ptr);
    return check_result();
}
