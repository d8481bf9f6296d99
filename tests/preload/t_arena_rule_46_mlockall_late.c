/* A program that has used large blocks locks all the memory it has by now, under a limit that has room for that: so it
 * has with autopin (rule 46).  Needs to be root at first, to become somebody unprivileged. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "t_malloc_help.h"

int main(void)
{
    const struct rlimit limit = {8 * MiB, 8 * MiB};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(65534) || setuid(65534)) {
        puts("only root can become somebody unprivileged");
        return 77;
    }
    for (int i = 0; i < 6; i++) {
        char *ptr = opaque(malloc(MiB));
        pattern_put(ptr, MiB, (uint64_t)i);
        CHECK(pattern_holds(ptr, MiB, MiB, (uint64_t)i), "round %d", i);
        free(ptr);
    }
    CHECK(mlockall(MCL_CURRENT) == 0, "errno %d with %ld KiB of addresses", errno,
          proc_number("/proc/self/status", "VmSize:"));
    CHECK(vm_lck() > 0, "nothing is locked");
    return check_result();
}
