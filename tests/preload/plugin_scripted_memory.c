/* Preloaded: what the kernel says about memory comes from files below the folder $SCRIPTED, at the paths of the real
 * ones; what is not there does not exist.  A file PATH.once is there for one look, in place of PATH.  With
 * SCRIPTED_PROC set, so does all of /proc. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Atomic unsigned scripted_looks; /* at the machine's pressure */

static int is_scripted(const char *path)
{
    return strcmp(path, "/proc/meminfo") == 0 || strcmp(path, "/proc/pressure/memory") == 0 ||
           strcmp(path, "/proc/self/cgroup") == 0 || strncmp(path, "/sys/fs/cgroup/", 15) == 0 ||
           (getenv("SCRIPTED_PROC") && strncmp(path, "/proc/", 6) == 0);
}

int open(const char *path, int flags, ...)
{
    static int (*real)(const char *, int, ...);
    const char *folder = getenv("SCRIPTED");
    char other[512];
    va_list args;
    va_start(args, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (!real)
        real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    if (!folder || !is_scripted(path))
        return real(path, flags, mode);
    scripted_looks += strcmp(path, "/proc/pressure/memory") == 0;
    snprintf(other, sizeof other, "%s%s.once", folder, path);
    const int fd = real(other, flags, mode);
    if (fd >= 0) {
        unlink(other);
        return fd;
    }
    snprintf(other, sizeof other, "%s%s", folder, path);
    return real(other, flags, mode);
}
