/* Rule 35: glibc takes a program's static TLS out of every stack, so autopin's threads get room for it on top of what
 * they need themselves: they would else have next to nothing left here, and overrun it. */
#define _GNU_SOURCE
#include "t_malloc_help.h"

enum {
    WATCHED_S = 3 /* the worker looks twice a second and more, and writes every 2 s */
};

/* A little less than the smallest stack that preload/threads.c asks for. */
static _Thread_local volatile char own[244 << 10];

int main(void)
{
    own[0] = 1;
    lock_blocks();
    CHECK(proc_number("/proc/self/status", "Threads:") > 1, "autopin has no thread: this proves nothing");
    for (const double until = now_s() + WATCHED_S; now_s() < until;)
        usleep(10000);
    return check_result();
}
