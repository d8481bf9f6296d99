/* A replay as a process of its own: see replay.h.  The outcome comes back in shared memory. */
#define _GNU_SOURCE
#include "policy/replay/replay.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int replay_policy(const struct trace *trace, enum how how, struct outcome *outcome)
{
    int status = 0;
    struct outcome *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return -ENOMEM;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0)
        _exit(-replay_here(trace, how, shared));
    pid_t ended = child;
    while (child > 0 && (ended = waitpid(child, &status, 0)) < 0 && errno == EINTR)
        continue;
    if (ended < 0 || status != 0)
        status = WIFEXITED(status) && WEXITSTATUS(status) == EINVAL ? -EINVAL : -EIO;
    *outcome = *shared;
    munmap(shared, sizeof *shared);
    return status;
}
