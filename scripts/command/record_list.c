/* The records there are: see record_list.h.  A directory that others may write to is none that the library uses. */
#define _GNU_SOURCE
#include "record_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct list {
    struct record_entry *entry;
    int clean; /* what is left of one that never became whole is removed */
    int n, cap;
    int failed;
};

/* Of the head no more is read than tells whose it is. */
static int look_at(int directory, const char *name, struct record_entry *entry)
{
    struct stat file;
    struct record_head *head = &entry->head;
    const int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const int known = fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_uid == geteuid() &&
                      pread(fd, head, sizeof *head, 0) == (ssize_t)sizeof *head &&
                      memcmp(head->magic, RECORD_MAGIC, sizeof head->magic) == 0 && head->format >= 1 &&
                      head->format <= RECORD_FORMAT;
    if (fd >= 0)
        close(fd);
    if (!known)
        return 0;
    if (head->format == 1)
        head->pid_namespace = 0;
    entry->readable = head->format == RECORD_FORMAT && head->layout == record_layout();
    head->program[entry->readable ? sizeof head->program - 1 : 0] = 0;
    head->cause[entry->readable ? sizeof head->cause - 1 : 0] = 0;
    entry->life = record_life(head, &file);
    return 1;
}

/* ".PID.TIME.NAMESPACE": preload/record_file.c gives that name until the record is whole. */
static void remove_unfinished(int directory, const char *name)
{
    char *end;
    const long pid = name[0] == '.' ? strtol(name + 1, &end, 10) : 0;
    if (pid <= 0 || pid >= INT32_MAX || *end != '.')
        return;
    const char *space = strchr(end + 1, '.');
    if (!record_is_elsewhere(space ? strtoull(space + 1, NULL, 10) : 0) && kill((pid_t)pid, 0) && errno == ESRCH)
        unlinkat(directory, name, 0);
}

static struct record_entry *next_entry(struct list *list)
{
    if (list->n == list->cap) {
        struct record_entry *more = realloc(list->entry, (size_t)(2 * list->cap + 16) * sizeof *more);
        if (!more) {
            list->failed = 1;
            return NULL;
        }
        list->entry = more;
        list->cap = 2 * list->cap + 16;
    }
    return &list->entry[list->n];
}

static void look_into(struct list *list, const char *path)
{
    struct stat about;
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory =
        fd >= 0 && fstat(fd, &about) == 0 && about.st_uid == geteuid() && !(about.st_mode & 022) ? fdopendir(fd) : NULL;
    if (!directory) {
        if (fd >= 0)
            close(fd);
        return;
    }
    struct record_entry *entry;
    for (const struct dirent *each;
         (each = readdir(directory)) && (entry = next_entry(list));) { /* NOLINT: one thread */
        if (list->clean)
            remove_unfinished(dirfd(directory), each->d_name);
        if (each->d_name[0] != '.' &&
            (size_t)snprintf(entry->path, sizeof entry->path, "%s/%s", path, each->d_name) < sizeof entry->path &&
            look_at(dirfd(directory), each->d_name, entry))
            list->n++;
    }
    closedir(directory);
}

static int newer(const void *one, const void *other)
{
    const struct record_entry *a = one, *b = other;
    return (a->head.made_ns < b->head.made_ns) - (a->head.made_ns > b->head.made_ns);
}

static int look_everywhere(struct record_entry **out, int clean)
{
    struct list list = {.clean = clean};
    char path[256];
    const char *runtime = getenv("XDG_RUNTIME_DIR"); /* NOLINT(concurrency-mt-unsafe): one thread */
    if (runtime && runtime[0] == '/' && (size_t)snprintf(path, sizeof path, "%s/autopin", runtime) < sizeof path)
        look_into(&list, path);
    snprintf(path, sizeof path, "/dev/shm/autopin-%u", (unsigned)geteuid());
    look_into(&list, path);
    if (list.failed) {
        free(list.entry);
        return -1;
    }
    if (list.n)
        qsort(list.entry, (size_t)list.n, sizeof *list.entry, newer);
    *out = list.entry;
    return list.n;
}

int record_list(struct record_entry **out)
{
    return look_everywhere(out, 0);
}

int record_clean(void)
{
    struct record_entry *entry = NULL;
    const int n = look_everywhere(&entry, 1);
    int removed = 0, error = n < 0 ? ENOMEM : 0;
    for (int i = 0; i < n; i++) {
        if (entry[i].life != RECORD_GONE)
            continue;
        if (unlink(entry[i].path) == 0)
            removed++;
        else if (errno != ENOENT)
            error = errno;
    }
    free(entry);
    errno = error;
    return error ? -1 : removed;
}
