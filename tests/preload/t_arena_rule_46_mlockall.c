/* A program that locks all its memory, now and in future, under a limit: that works as it would alone, and so do large
 * allocations after it (rule 46).  Needs to be root at first, to become somebody unprivileged with a higher limit. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "t_malloc_help.h"

int main(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_MEMLOCK, &limit);
    if (limit.rlim_max > 64 * MiB)
        limit.rlim_max = 64 * MiB;
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_max < 8 * MiB || setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(65534) || setuid(65534)) {
        puts("only root can become somebody unprivileged, with at least 8 MiB of locked memory");
        return 77;
    }
    free(opaque(malloc(100)));
    CHECK(mlockall(MCL_CURRENT | MCL_FUTURE) == 0, "errno %d", errno);
    for (size_t i = 1; i < 20; i++) {
        const size_t bytes = MiB + i * 10000;
        char *ptr = malloc(bytes);
        CHECK(ptr, "%zu bytes", bytes);
        if (!ptr)
            break;
        pattern_put(ptr, bytes, i);
        ptr = realloc(ptr, bytes + MiB / 2);
        CHECK(ptr && pattern_holds(ptr, bytes, bytes, i), "%zu bytes after realloc", bytes);
        free(ptr);
        ptr = calloc(1, bytes);
        CHECK(ptr && all_zero(ptr, bytes), "%zu bytes of zeros", bytes);
        free(ptr);
    }
    CHECK(vm_lck() <= (long)limit.rlim_cur, "%ld bytes are locked", vm_lck());
    return check_result();
}
