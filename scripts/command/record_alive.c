/* The process of a record: see record_alive.h. */
#define _GNU_SOURCE
#include "record_alive.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "policy/pid_namespace.h"

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

/* Whether the memory that a list of mappings tells of has the file in it.  n: how many mappings there are. */
static int maps_file(FILE *maps, const struct stat *file, int *n)
{
    char line[4096];
    int mapped = 0;
    for (*n = 0; !mapped && fgets(line, sizeof line, maps); ++*n) {
        unsigned major = 0, minor = 0;
        unsigned long long inode = 0;
        mapped = sscanf(line, "%*s %*s %*s %x:%x %llu", &major, &minor, &inode) == 3 && inode == file->st_ino &&
                 major == major(file->st_dev) && minor == minor(file->st_dev);
    }
    return mapped;
}

/* A process whose first thread has ended shows its mappings in those of its other threads alone. */
static int thread_maps_file(long pid, const struct stat *file)
{
    char path[96];
    int mapped = 0, n = 0;
    snprintf(path, sizeof path, "/proc/%ld/task", pid);
    DIR *tasks = opendir(path);
    const struct dirent *task;
    while (tasks && !n && (task = readdir(tasks))) { /* NOLINT(concurrency-mt-unsafe): one thread */
        snprintf(path, sizeof path, "/proc/%ld/task/%.20s/maps", pid, task->d_name);
        FILE *maps = task->d_name[0] == '.' ? NULL : fopen(path, "re");
        if (!maps)
            continue;
        mapped = maps_file(maps, file, &n);
        fclose(maps);
    }
    if (tasks)
        closedir(tasks);
    return mapped;
}

static int is_there(const struct record_head *head, const struct stat *file)
{
    char path[48];
    int n;
    if (head->pid <= 0 || head->pid > INT32_MAX)
        return 0;
    snprintf(path, sizeof path, "/proc/%ld/maps", (long)head->pid);
    FILE *maps = fopen(path, "re");
    if (!maps)
        return errno != ENOENT && began_ns((long)head->pid) <= head->made_ns;
    const int mapped = maps_file(maps, file, &n);
    fclose(maps);
    return n ? mapped : thread_maps_file((long)head->pid, file);
}

int record_is_elsewhere(uint64_t theirs)
{
    const uint64_t ours = pid_namespace();
    return theirs && ours && theirs != ours;
}

enum record_life record_life(const struct record_head *head, const struct stat *file)
{
    if (record_is_elsewhere(head->pid_namespace))
        return RECORD_ELSEWHERE;
    return is_there(head, file) ? RECORD_ALIVE : RECORD_GONE;
}
