/* Hooks of the ways a process ends or becomes another: the report comes first, then the real thing.
 * An exec that cannot succeed is none, and has no report.
 *
 * A destructor alone misses _exit, quick_exit, abort and exec.  A vfork() child shares this memory and is left alone
 * (report_at() asks whose process it is). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "life.h"
#include "next.h"
#include "policy/hot.h"
#include "report_out.h"
#include "self.h"

/* What the compiler's start files would define: the library is linked without them, since what they do at the end of a
 * process costs two page faults.  atexit() names it. */
extern void *const __dso_handle __attribute__((visibility("hidden")));
void *const __dso_handle = (void *)&__dso_handle; /* NOLINT(bugprone-reserved-identifier) */

/* Otherwise nothing is started, and no file read, before the first large block (rule 37). */
__attribute__((constructor)) static void constructor(void)
{
    static HOT_DATA char name[] = "AUTOPIN_REPORT_EMPTY"; /* not among constants, in a page that nothing else needs */
    const char *empty = getenv(name);                     /* NOLINT(concurrency-mt-unsafe): as every library does */
    if (empty && *empty && strcmp(empty, "no") != 0)
        life_on();
}

__attribute__((destructor)) static void destructor(void)
{
    if (!life_is_on() || !life_is_own_process())
        return;
    life_quiesce();
    report_at("exit");
}

static void __attribute__((noreturn)) end(int status, const char *cause)
{
    report_at(cause);
    for (;;)
        syscall(SYS_exit_group, status);
}

EXPORT void __attribute__((noreturn)) _exit(int status)
{
    end(status, "_exit");
}

EXPORT void __attribute__((noreturn)) _Exit(int status)
{
    end(status, "_Exit");
}

EXPORT void __attribute__((noreturn)) quick_exit(int status)
{
    void (*real)(int) = (void (*)(int))next_libc("quick_exit");
    report_at("quick_exit");
    if (real)
        real(status);
    end(status, "quick_exit");
}

EXPORT void __attribute__((noreturn)) abort(void)
{
    void (*real)(void) = (void (*)(void))next_libc("abort");
    report_at("abort");
    if (real)
        real();
    __builtin_trap();
}

/* --- exec -----------------------------------------------------------------------------------------------------------
 */

extern char **environ;

typedef int (*execve_fn)(const char *, char *const *, char *const *);
typedef int (*execveat_fn)(int, const char *, char *const *, char *const *, int);
typedef int (*fexecve_fn)(int, char *const *, char *const *);

/* Whether an exec of this file will most likely succeed.  Flags: as execveat(). */
static int can_run(int dir, const char *path, int flags)
{
    struct stat file;
    flags &= AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
    if (fstatat(dir, path, &file, flags) || !S_ISREG(file.st_mode))
        return 0;
    if (faccessat(dir, path, X_OK, AT_EACCESS | flags) == 0)
        return 1;
    return errno == EINVAL && (file.st_mode & 0111); /* a kernel that cannot be asked of an open file */
}

/* The same of a name that is searched for in $PATH. */
static int can_run_from_path(const char *name)
{
    char path[PATH_MAX];
    if (strchr(name, '/'))
        return can_run(AT_FDCWD, name, 0);
    const char *folder = getenv("PATH"); /* NOLINT(concurrency-mt-unsafe): as the exec itself does */
    for (folder = folder ? folder : "/bin:/usr/bin"; *name;) {
        const int len = (int)strcspn(folder, ":");
        const int need = snprintf(path, sizeof path, "%.*s%s%s", len, folder, len ? "/" : "", name);
        if (need < (int)sizeof path && can_run(AT_FDCWD, path, 0))
            return 1;
        if (!folder[len])
            break;
        folder += len + 1;
    }
    return 0;
}

/* How one of the exec functions names its file. */
enum named {
    BY_PATH,
    BY_NAME, /* searched for in $PATH */
    BY_DIRECTORY
};

/* Writes the report if the file can be run.  The real call decides: when it fails, the process goes on. */
static void before_exec(enum named named, int dir, const char *path, int flags)
{
    const int kept = errno;
    if (life_is_on() && life_is_own_process() &&
        (named == BY_NAME ? can_run_from_path(path) : can_run(named == BY_PATH ? AT_FDCWD : dir, path, flags)))
        report_at("exec");
    errno = kept;
}

static int replaced(enum named named, const char *path, char *const *argv, char *const *envp)
{
    const execve_fn real = (execve_fn)next_libc(named == BY_NAME ? "execvpe" : "execve");
    before_exec(named, AT_FDCWD, path, 0);
    if (real)
        real(path, argv, envp);
    else
        errno = ENOSYS;
    report_go_on();
    return -1;
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
    return replaced(BY_PATH, path, argv, envp);
}

EXPORT int execv(const char *path, char *const argv[])
{
    return replaced(BY_PATH, path, argv, environ);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
    return replaced(BY_NAME, file, argv, envp);
}

EXPORT int execvp(const char *file, char *const argv[])
{
    return replaced(BY_NAME, file, argv, environ);
}

EXPORT int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
    const execveat_fn real = (execveat_fn)next_libc("execveat");
    before_exec(BY_DIRECTORY, dir, path, flags);
    if (real)
        real(dir, path, argv, envp, flags);
    else
        syscall(SYS_execveat, dir, path, argv, envp, flags);
    report_go_on();
    return -1;
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
    const fexecve_fn real = (fexecve_fn)next_libc("fexecve");
    before_exec(BY_DIRECTORY, fd, "", AT_EMPTY_PATH);
    if (real)
        real(fd, argv, envp);
    else
        errno = ENOSYS;
    report_go_on();
    return -1;
}

/* The forms with a list: counted, then copied to the stack. */
static size_t count_list(va_list list)
{
    size_t n = 1;
    while (va_arg(list, const char *))
        n++;
    return n;
}

static void copy_list(char **argv, const char *first, va_list list)
{
    size_t n = 0;
    argv[n++] = (char *)first;
    while ((argv[n] = va_arg(list, char *)))
        n++;
}

#define HOOK_EXEC_LIST(name, named, environment)                                                                       \
    EXPORT int name(const char *path, const char *arg, ...)                                                            \
    {                                                                                                                  \
        va_list list, again;                                                                                           \
        va_start(list, arg);                                                                                           \
        va_copy(again, list);                                                                                          \
        char *argv[count_list(again) + 1];                                                                             \
        va_end(again);                                                                                                 \
        copy_list(argv, arg, list);                                                                                    \
        char **envp = environment;                                                                                     \
        va_end(list);                                                                                                  \
        return replaced(named, path, argv, envp);                                                                      \
    }

HOOK_EXEC_LIST(execl, BY_PATH, environ)
HOOK_EXEC_LIST(execlp, BY_NAME, environ)
HOOK_EXEC_LIST(execle, BY_PATH, va_arg(list, char **))
