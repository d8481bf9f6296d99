/* A program of one thread that does not copy stays one: glibc's malloc and stdio take no locks then, and do so for ever
 * once there has been a second thread (glibc 2.36, sys/single_threaded.h). */
#include <sys/single_threaded.h>

#include "t_malloc_help.h"

enum {
    BLOCKS = 200
};

static __attribute__((noinline)) char *from_deeper(int levels, size_t bytes)
{
    char *block = levels ? from_deeper(levels - 1, bytes) : malloc(bytes);
    CHECK(block, "a block");
    block[levels] = 1; /* no tail call */
    return block;
}

int main(void)
{
    CHECK(__libc_single_threaded, "there was a thread before the first block");
    for (int i = 0; i < BLOCKS; i++)
        free(from_deeper(i % 8, (size_t)128 << (10 + i % 5)));
    CHECK(__libc_single_threaded, "there has been another thread");
    return check_result();
}
