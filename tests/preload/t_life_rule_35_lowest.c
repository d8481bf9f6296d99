/* Rule 35: what a program opens gets the lowest descriptor that is free, as it may rely on (close(1), then open()), and
 * what it closes is its own, while autopin's worker looks at files of the kernel's and writes a report.  Chance seldom
 * shows it, so plugin_open_tables.so looks where the worker's files are opened. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>

#include "t_malloc_help.h"

enum {
    WATCHED_S = 3 /* the worker looks twice a second and more, and writes every 2 s */
};

static long threads(void)
{
    return proc_number("/proc/self/status", "Threads:");
}

static long opened(const char *where)
{
    const _Atomic long *count = dlsym(RTLD_DEFAULT, where);
    CHECK(count, "plugin_open_tables.so is not preloaded");
    return count ? *count : 0;
}

int main(void)
{
    long wrong = 0, looks = 0;
    if (syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILES, 0, 0)) {
        puts("the kernel does not compare tables of descriptors (kcmp)");
        return 77;
    }
    const int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK(lowest >= 0 && close(lowest) == 0, "errno %d", errno);
    lock_blocks();
    CHECK(threads() > 1, "autopin has no thread: this proves nothing");
    for (const double until = now_s() + WATCHED_S; now_s() < until; looks++) {
        const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        wrong += fd != lowest;
        CHECK(close(fd) == 0, "errno %d: somebody else has closed it", errno);
    }
    CHECK(wrong == 0, "of %ld files %ld were not the lowest descriptor", looks, wrong);
    CHECK(opened("opened_among_the_programs") == 0, "%ld of the worker's files", opened("opened_among_the_programs"));
    CHECK(opened("opened_aside") > 0, "autopin has opened nothing: this proves nothing");
    return check_result();
}
