/* A program that locks all its memory: blocks that are joined from smaller ones, or moved by realloc(), leave none
 * behind that is not locked. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "t_malloc_help.h"

enum {
    BLOCKS = 3
};

static long locked(void)
{
    return proc_number("/proc/self/status", "VmLck:");
}

static void *filled(size_t bytes)
{
    char *block = opaque(malloc(bytes));
    memset(block, 1, bytes);
    return block;
}

int main(void)
{
    const size_t small = 6 * MiB, large = 16 * MiB;
    void *block[BLOCKS], *joined;
    if (mlockall(MCL_CURRENT | MCL_FUTURE)) {
        puts("not allowed to lock memory");
        return 77;
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < BLOCKS; i++)
            block[i] = filled(small);
        const long before = locked();
        for (int i = 0; i < BLOCKS; i++)
            free(block[i]);
        joined = filled(large + (size_t)round * 4 * MiB); /* larger than any that is free */
        CHECK(locked() >= before, "%ld KiB are locked, %ld were", locked(), before);
        free(joined);
    }
    block[0] = filled(small);
    const long before = locked();
    block[0] = realloc(block[0], large);
    CHECK(locked() >= before, "%ld KiB are locked, %ld were", locked(), before);
    free(block[0]);
    return check_result();
}
