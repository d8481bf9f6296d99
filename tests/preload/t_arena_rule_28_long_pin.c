/* fork() goes ahead while a large freed block is being filled and locked: children come into being when part of it is
 * resident, they have their parent's bytes and no locks, and the block is locked in the end (rule 28). */
#include <signal.h>
#include <sys/wait.h>

#include "t_malloc_help.h"

static const size_t BYTES = GiB;
static char *kept;

static size_t resident(void)
{
    return (size_t)proc_number("/proc/self/status", "VmRSS:") * KiB;
}

static int child(void)
{
    alarm(100);
    CHECK(vm_lck() == 0, "VmLck of the child: %ld", vm_lck());
    CHECK(pattern_holds(kept, 3 * MiB, 3 * MiB, 7), "the parent's bytes");
    free(kept);
    char *ptr = malloc(3 * MiB);
    pattern_put(ptr, 3 * MiB, 8);
    CHECK(pattern_holds(ptr, 3 * MiB, 3 * MiB, 8), "the child's own");
    return check_result();
}

int main(void)
{
    int in_the_middle = 0;
    if (proc_number("/proc/meminfo", "MemAvailable:") < 3l * 1024 * 1024) {
        puts("less than 3 GiB of memory are available");
        return 77;
    }
    pattern_put(kept = malloc(3 * MiB), 3 * MiB, 7);
    const size_t before = resident();
    free(opaque(malloc(BYTES)));
    const double end = now_s() + 80;
    while (vm_lck() < (long)BYTES && now_s() < end) {
        int status = -1;
        const pid_t pid = fork();
        if (pid == 0)
            _exit(child());
        const size_t more = resident() - before;
        in_the_middle += more > BYTES / 64 && more < BYTES - BYTES / 64 && vm_lck() == 0;
        CHECK(waitpid(pid, &status, 0) == pid && status == 0, "status %#x of a child", (unsigned)status);
    }
    CHECK(vm_lck() >= (long)BYTES, "VmLck %ld: the block was never locked", vm_lck());
    CHECK(in_the_middle > 0, "every fork waited for the whole of it");
    CHECK(pattern_holds(kept, 3 * MiB, 3 * MiB, 7), "the parent's bytes");
    return check_result();
}
