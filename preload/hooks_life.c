/* Hooks of the ways a process ends or becomes another: the report comes first, then the real thing.
 *
 * A destructor alone misses _exit, quick_exit, abort and exec.  A vfork() child shares this memory and is left alone
 * (report_at() asks whose process it is). */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "life.h"
#include "next.h"
#include "report_out.h"
#include "self.h"

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
    void (*real)(int) = (void (*)(int))next_function("quick_exit");
    report_at("quick_exit");
    if (real)
        real(status);
    end(status, "quick_exit");
}

EXPORT void __attribute__((noreturn)) abort(void)
{
    void (*real)(void) = (void (*)(void))next_function("abort");
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

static int replaced(const char *name, const char *path, char *const *argv, char *const *envp)
{
    const execve_fn real = (execve_fn)next_function(name);
    report_at("exec");
    if (real)
        return real(path, argv, envp);
    errno = ENOSYS;
    return -1;
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
    return replaced("execve", path, argv, envp);
}

EXPORT int execv(const char *path, char *const argv[])
{
    return replaced("execve", path, argv, environ);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
    return replaced("execvpe", file, argv, envp);
}

EXPORT int execvp(const char *file, char *const argv[])
{
    return replaced("execvpe", file, argv, environ);
}

EXPORT int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
    const execveat_fn real = (execveat_fn)next_function("execveat");
    report_at("exec");
    if (real)
        return real(dir, path, argv, envp, flags);
    return (int)syscall(SYS_execveat, dir, path, argv, envp, flags);
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
    const fexecve_fn real = (fexecve_fn)next_function("fexecve");
    report_at("exec");
    if (real)
        return real(fd, argv, envp);
    errno = ENOSYS;
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

#define HOOK_EXEC_LIST(name, real_name, environment)                                                                   \
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
        return replaced(real_name, path, argv, envp);                                                                  \
    }

HOOK_EXEC_LIST(execl, "execve", environ)
HOOK_EXEC_LIST(execlp, "execvpe", environ)
HOOK_EXEC_LIST(execle, "execve", va_arg(list, char **))
