/* Rule 35: glibc takes a program's static TLS out of every stack, so autopin's threads get room for it on top of what
 * they need themselves: they would else have next to nothing left here, and overrun it. */
#define _GNU_SOURCE
#include "t_malloc_help.h"

enum {
    BLOCKS = 4,
    WATCHED_S = 3 /* the worker looks twice a second and more, and writes every 2 s */
};

/* A little less than the smallest stack that preload/threads.c asks for. */
static _Thread_local volatile char own[244 << 10];

/* A site known to be hot is locked, and there is a worker. */
static void lock_blocks(void)
{
    char *blocks[BLOCKS];
    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < BLOCKS; i++)
            blocks[i] = memset(malloc(8 * MiB), i, 8 * MiB);
        for (int i = 0; i < BLOCKS; i++)
            free(blocks[i]);
    }
}

int main(void)
{
    own[0] = 1;
    lock_blocks();
    CHECK(proc_number("/proc/self/status", "Threads:") > 1, "autopin has no thread: this proves nothing");
    for (const double until = now_s() + WATCHED_S; now_s() < until;)
        usleep(10000);
    return check_result();
}
