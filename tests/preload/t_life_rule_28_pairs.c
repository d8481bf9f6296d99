/* A child made by a plain clone does nothing but what its parent did over and over: it is noticed all the same, and
 * what it does is not the parent's (rule 28).  t_life_rule_28_pairs_told.sh asks what both have counted. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "t_malloc_help.h"

static const size_t BYTES = 2 * MiB;

static void pairs(int count)
{
    for (int i = 0; i < count; i++) {
        char *volatile block = malloc(BYTES);
        pattern_put(block, BYTES, (uint64_t)i);
        CHECK(pattern_holds(block, BYTES, BYTES, (uint64_t)i), "pair %d", i);
        free(block);
    }
}

int main(void)
{
    int status = -1;
    pid_t pid = 0;
    alarm(100);
    /* One loop, so that all come from one place of the program. */
    for (volatile int round = 0; round < 2 && !check_failures; round++) {
        pairs(pid == 0 && round ? 1000 : 50);
        if (round)
            break;
        pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
        if (pid)
            waitpid(pid, &status, 0);
    }
    if (pid == 0)
        _exit(check_result());
    CHECK(status == 0, "the child: status %#x", (unsigned)status);
    return check_result();
}
