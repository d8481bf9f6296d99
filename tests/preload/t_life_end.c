/* t_life_end WAY [ARGUMENT]: makes and frees a few large blocks, then ends (or becomes another program) in one of all
 * the ways there are.  Run by t_life_rule_36_*.sh. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>

#include "t_malloc_help.h"

extern char **environ;

static void work(void)
{
    for (int i = 0; i < 6; i++)
        free(memset(malloc(4 * MiB), i, 4 * MiB));
}

static void at_exit(void)
{
    free(opaque(malloc(2 * MiB)));
    dprintf(1, "at exit\n");
}

/* Each shell says "other 3" and ends with 3: argv[1] is 3 and, where it can be given, LIFE is "other". */
static int become(const char *how)
{
    char *argv[] = {"sh", "-c", "echo ${LIFE:-other} $1; exit $1", "sh", "3", NULL};
    char *envp[] = {"LIFE=other", NULL};
    if (strcmp(how, "execl") == 0)
        return execl("/bin/sh", "sh", "-c", argv[2], "sh", "3", (char *)NULL);
    if (strcmp(how, "execlp") == 0)
        return execlp("sh", "sh", "-c", argv[2], "sh", "3", (char *)NULL);
    if (strcmp(how, "execle") == 0)
        return execle("/bin/sh", "sh", "-c", argv[2], "sh", "3", (char *)NULL, envp);
    if (strcmp(how, "execv") == 0)
        return execv("/bin/sh", argv);
    if (strcmp(how, "execve") == 0)
        return execve("/bin/sh", argv, envp);
    if (strcmp(how, "execvp") == 0)
        return execvp("sh", argv);
    if (strcmp(how, "execvpe") == 0)
        return execvpe("sh", argv, envp);
    const int fd = open("/bin/sh", O_RDONLY);
    if (strcmp(how, "fexecve") == 0)
        return fexecve(fd, argv, envp);
    if (strcmp(how, "execveat") == 0)
        return execveat(fd, "", argv, envp, AT_EMPTY_PATH);
    return 1;
}

#define FAILS(call, expected)                                                                                          \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        CHECK((call) == -1 && errno == (expected), "errno %d", errno);                                                 \
    } while (0)

/* An exec that fails leaves the program as it was. */
static int fail_to_become(void)
{
    char *argv[] = {"x", NULL};
    FAILS(execl("/no/such/file", "x", (char *)NULL), ENOENT);
    FAILS(execlp("no-such-program", "x", (char *)NULL), ENOENT);
    FAILS(execle("/dev/null", "x", (char *)NULL, environ), EACCES);
    FAILS(execv("/etc/passwd", argv), EACCES);
    FAILS(execve("/", argv, environ), EACCES);
    FAILS(execvp("/no/such/file", argv), ENOENT);
    FAILS(execvp("", argv), ENOENT);
    FAILS(execvpe("no-such-program", argv, environ), ENOENT);
    FAILS(fexecve(-1, argv, environ), EINVAL);
    FAILS(execveat(-1, "x", argv, environ, 0), EBADF);
    work();
    return check_result();
}

/* Execs that look as if they could succeed, of a script whose interpreter is missing; then work again, or not. */
static int fail_late(char *script, int works)
{
    char *argv[] = {"x", NULL};
    FAILS(execv(script, argv), ENOENT);
    FAILS(execl(script, "x", (char *)NULL), ENOENT);
    const int fd = open(script, O_RDONLY);
    FAILS(fexecve(fd, argv, environ), ENOENT);
    FAILS(execveat(fd, "", argv, environ, AT_EMPTY_PATH), ENOENT);
    if (works)
        work();
    return check_result();
}

static void on_abort(int signal)
{
    dprintf(1, "caught %d\n", signal);
}

static int end(const char *how, char *file)
{
    if (strcmp(how, "exit") == 0)
        exit(3);
    if (strcmp(how, "_exit") == 0)
        _exit(3);
    if (strcmp(how, "_Exit") == 0)
        _Exit(3);
    if (strcmp(how, "quick_exit") == 0)
        quick_exit(3);
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "abort-caught") == 0) {
        signal(SIGABRT, on_abort);
        abort();
    }
    if (strcmp(how, "atexit") == 0) {
        atexit(at_exit);
        exit(3);
    }
    if (strcmp(how, "failing-exec") == 0)
        return fail_to_become();
    if (strcmp(how, "late-exec") == 0 || strcmp(how, "late-exec-work") == 0)
        return fail_late(file, how[9] != 0);
    return strcmp(how, "return") == 0 ? 3 : become(how);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 0; /* nothing to do without arguments */
    if (argc == 2 || strcmp(argv[2], "idle") != 0)
        work();
    if (argc > 2 && strcmp(argv[2], "other-stderr") == 0)
        dup2(open("/proc/self/fd/9", O_WRONLY | O_APPEND), 2);
    if (argc > 2 && strcmp(argv[2], "closed-stderr") == 0) {
        close(2);
        if (open("/proc/self/fd/9", O_WRONLY | O_APPEND) != 2)
            return 1;
    }
    dprintf(1, "main ends\n");
    return end(argv[1], argv[2]);
}
