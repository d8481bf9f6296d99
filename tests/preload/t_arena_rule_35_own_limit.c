/* The limit on locked memory is the program's own: whatever autopin has locked of recycled blocks, the program's
 * mlock() and mlockall() succeed and fail as they do alone (rules 29 and 35).  Needs to be root at first, to become
 * somebody unprivileged.
 *
 *   t_arena_rule_35_own_limit [locks]     locks: autopin must have locked something */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "t_malloc_help.h"

static int locks;

static void *aligned(size_t bytes)
{
    void *ptr = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(ptr != MAP_FAILED, "errno %d", errno);
    return memset(ptr, 1, bytes);
}

static void recycle(void)
{
    for (int round = 0; round < 6; round++) {
        char *small = malloc(2 * MiB), *medium = malloc(3 * MiB), *large = malloc(7 * MiB);
        pattern_put(small, 2 * MiB, 1);
        pattern_put(medium, 3 * MiB, 3);
        pattern_put(large, 7 * MiB, 2);
        CHECK(pattern_holds(small, 2 * MiB, 2 * MiB, 1) && pattern_holds(large, 7 * MiB, 7 * MiB, 2), "other bytes");
        CHECK(pattern_holds(medium, 3 * MiB, 3 * MiB, 3), "other bytes");
        free(small);
        free(medium);
        free(large);
        sleep_ms(2);
    }
}

static int lock(void *ptr, size_t bytes)
{
    errno = 0;
    return mlock(ptr, bytes) == 0 ? 0 : errno;
}

static int unprivileged(size_t limit_bytes)
{
    const struct rlimit limit = {limit_bytes, limit_bytes};
    return setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(65534) || setuid(65534) ? 77 : 0;
}

/* Under 8 MiB: four, seven, and all eight can be locked, nine cannot. */
static int under_a_low_limit(void)
{
    if (unprivileged(8 * MiB))
        return 77;
    char *own = aligned(9 * MiB);
    recycle();
    CHECK(vm_lck() <= (long)(4 * MiB), "%ld bytes are locked of a limit of 8 MiB", vm_lck());
    CHECK(!locks || vm_lck() > 0, "nothing was locked: this run proves less than it says");
    CHECK(lock(own, 4 * MiB) == 0, "errno %d", errno);
    recycle();
    CHECK(lock(own, 7 * MiB) == 0, "errno %d", errno);
    recycle();
    CHECK(lock(own, 8 * MiB) == 0, "errno %d", errno);
    CHECK(vm_lck() == (long)(8 * MiB), "VmLck %ld", vm_lck());
    CHECK(lock(own, 9 * MiB) == ENOMEM, "errno %d", errno);
    CHECK(munlock(own, 9 * MiB) == 0, "errno %d", errno);
    recycle();
    errno = 0;
    memset(own, 1, 9 * MiB);
    CHECK(mlockall(MCL_CURRENT) == -1 && errno == ENOMEM, "more than the limit was locked, or errno %d", errno);
    recycle();
    return check_result();
}

/* Under more than the process has. */
static int under_a_high_limit(void)
{
    if (unprivileged(256 * MiB))
        return 77;
    recycle();
    CHECK(!locks || vm_lck() > 0, "nothing was locked: this run proves less than it says");
    errno = 0;
    CHECK(mlockall(MCL_CURRENT) == 0, "errno %d", errno);
    recycle();
    CHECK(munlockall() == 0, "errno %d", errno);
    recycle();
    return check_result();
}

static int apart(int (*body)(void))
{
    int status = -1;
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0)
        _exit(body());
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "status %#x", (unsigned)status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
    locks = argc > 1 && strcmp(argv[1], "locks") == 0;
    const int low = apart(under_a_low_limit), high = apart(under_a_high_limit);
    CHECK((low == 0 || low == 77) && (high == 0 || high == 77), "a part of it failed");
    if (low == 77)
        puts("only root can become somebody unprivileged, with a limit of 8 MiB");
    if (high == 77)
        puts("not tried with a limit of 256 MiB, which is above this machine's");
    return low == 77 ? 77 : check_result();
}
