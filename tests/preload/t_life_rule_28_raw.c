/* A child made without fork()'s handlers (_Fork, a plain clone): it waits for nobody, and what it frees does not pile
 * up (rule 28). */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "t_malloc_help.h"

static const size_t BYTES = 32 * MiB;

static void use(size_t rounds)
{
    for (size_t i = 0; i < rounds; i++) {
        char *ptr = opaque(malloc(BYTES + i % 3 * MiB));
        pattern_put(ptr, BYTES, i);
        CHECK(pattern_holds(ptr, BYTES, BYTES, i), "round %zu", i);
        free(ptr);
    }
}

int main(void)
{
    char *kept = malloc(BYTES);
    pattern_put(kept, BYTES, 1);
    for (int child = 0; child < 10 && !check_failures; child++) {
        int status = -1;
        use(3); /* with a worker at work, as like as not */
        const pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
        if (pid == 0) {
            alarm(100);
            CHECK(pattern_holds(kept, BYTES, BYTES, 1), "what the parent had");
            free(kept);
            use(20);
            const long rss = proc_number("/proc/self/status", "VmRSS:") / 1024;
            CHECK(rss < 300, "%ld MiB are resident", rss);
            _exit(check_result());
        }
        waitpid(pid, &status, 0);
        CHECK(status == 0, "child %d: status %#x", child, (unsigned)status);
    }
    CHECK(pattern_holds(kept, BYTES, BYTES, 1), "the parent's block");
    return check_result();
}
