/* The process of a record, and the records of processes that are gone.  See record_alive.h and record_read.h. */
#define _GNU_SOURCE
#include "record_alive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "record_read.h"

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

/* Reads no more of it than tells whose it is. */
static int is_left_behind(int directory, const char *name)
{
    static struct record_head head;
    struct stat file;
    const int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const int known = fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
                      pread(fd, &head, sizeof head, 0) == (ssize_t)sizeof head &&
                      memcmp(head.magic, RECORD_MAGIC, sizeof head.magic) == 0;
    if (fd >= 0)
        close(fd);
    return known && !record_is_alive(&head, &file);
}

int record_clean(const char *path)
{
    int n = 0;
    DIR *directory = opendir(path);
    if (!directory)
        return -errno;
    for (const struct dirent *entry; (entry = readdir(directory));) /* NOLINT(concurrency-mt-unsafe): one thread */
        if (is_left_behind(dirfd(directory), entry->d_name) && unlinkat(dirfd(directory), entry->d_name, 0) == 0)
            n++;
    closedir(directory);
    return n;
}
