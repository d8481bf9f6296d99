/* The process of a record: see record_alive.h. */
#define _GNU_SOURCE
#include "record_alive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* When the process began, since the machine did; UINT64_MAX: there is none.  Units: ns. */
static uint64_t began_ns(long pid)
{
    char path[48], line[1024];
    unsigned long long ticks = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *stat = fopen(path, "re");
    const char *after = stat && fgets(line, sizeof line, stat) ? strrchr(line, ')') : NULL;
    if (stat)
        fclose(stat);
    if (!after)
        return UINT64_MAX;
    (void)sscanf(after + 1, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &ticks);
    return ticks * (1000000000ull / (unsigned long long)sysconf(_SC_CLK_TCK));
}

int record_is_alive(const struct record_head *head, const struct stat *file)
{
    char path[48], line[4096];
    int mapped = 0;
    if (head->pid <= 0 || head->pid > INT32_MAX)
        return 0;
    snprintf(path, sizeof path, "/proc/%ld/maps", (long)head->pid);
    FILE *maps = fopen(path, "re");
    if (!maps)
        return errno != ENOENT && began_ns((long)head->pid) <= head->made_ns;
    while (!mapped && fgets(line, sizeof line, maps)) {
        unsigned major = 0, minor = 0;
        unsigned long long inode = 0;
        mapped = sscanf(line, "%*s %*s %*s %x:%x %llu", &major, &minor, &inode) == 3 && inode == file->st_ino &&
                 major == major(file->st_dev) && minor == minor(file->st_dev);
    }
    fclose(maps);
    return mapped;
}
