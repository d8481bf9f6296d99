/* A child made by a plain clone while the worker writes a report anew, to a pipe: its own last report gets there. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "t_malloc_help.h"

enum {
    REPORT = 99 /* as in t_report_clone.runs */
};

static _Atomic int inside, go_on;

/* autopin asks for the name as it makes up the path of a report: there the worker is held. */
int gethostname(char *name, size_t cap)
{
    snprintf(name, cap, "here");
    if (gettid() == getpid())
        return 0;
    inside = 1;
    for (int i = 0; i < 20000 && !go_on; i++)
        sleep_ms(1);
    return 0;
}

static void use(int n)
{
    for (int i = 0; i < n; i++) {
        char *ptr = opaque(malloc(4 * MiB));
        memset(ptr, 1, 4 * MiB);
        free(ptr);
    }
}

static pid_t child(void)
{
    const pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        alarm(60);
        use(4);
        _exit(0);
    }
    return pid;
}

int main(void)
{
    char text[16384], expected[64];
    int ends[2], status = -1;
    CHECK(pipe(ends) == 0 && dup2(ends[1], REPORT) == REPORT, "errno %d", errno);
    close(ends[1]);
    for (int i = 0; i < 2000 && !inside; i++) {
        use(4);
        sleep_ms(5);
    }
    CHECK(inside, "no report is written anew");
    const pid_t pid = child();
    go_on = 1;
    waitpid(pid, &status, 0);
    CHECK(status == 0, "status %#x", (unsigned)status);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    const ssize_t len = read(ends[0], text, sizeof text - 1);
    text[len > 0 ? len : 0] = 0;
    snprintf(expected, sizeof expected, "autopin: t_report_clone (pid %d) ended by _exit", (int)pid);
    CHECK(strncmp(text, expected, strlen(expected)) == 0, "'%.80s'", text);
    return check_result();
}
