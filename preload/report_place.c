/* Where a report goes, as a path says it.  See report_place.h.  No lock. */
#define _GNU_SOURCE
#include "report_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report_out.h"

/* The rank of this process in its job, as the launchers of Open MPI, PMIx, MPICH, Slurm and torchrun say it. */
static const char *rank(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID", "RANK"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]); /* NOLINT(concurrency-mt-unsafe): as every library does */
        if (value)
            return value;
    }
    return "0";
}

void report_expand(const char *pattern, char *out, size_t cap)
{
    char host[65] = "", pid[24];
    size_t at = 0;
    gethostname(host, sizeof host - 1);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    for (; *pattern && at + 1 < cap; pattern++) {
        const char *insert = NULL;
        if (*pattern == '%' && pattern[1])
            insert = pattern[1] == 'p' ? pid : pattern[1] == 'h' ? host : pattern[1] == 'r' ? rank() : NULL;
        if (insert) {
            at += (size_t)snprintf(out + at, cap - at, "%s", insert);
            pattern++;
        } else {
            out[at++] = *pattern;
        }
    }
    out[at < cap ? at : cap - 1] = 0;
}

/* The number behind a prefix; -1: that is not what it is. */
static int number_after(const char *prefix, const char *text)
{
    const size_t len = strlen(prefix);
    if (strncmp(text, prefix, len) != 0 || text[len] < '0' || text[len] > '9')
        return -1;
    char *end;
    const long number = strtol(text + len, &end, 10);
    return *end || number > INT_MAX ? -1 : (int)number;
}

/* The descriptor that a path stands for, as /dev/stdout does, which is a link to /proc/self/fd/1; -1: none. */
static int named_descriptor(const char *path)
{
    char to[40] = "";
    int fd = number_after("/proc/self/fd/", path);
    if (fd < 0)
        fd = number_after("/dev/fd/", path);
    if (fd < 0 && readlink(path, to, sizeof to - 1) > 0)
        fd = number_after("/proc/self/fd/", to);
    return fd;
}

void report_place_find(struct report_place *place, const char *pattern)
{
    struct stat there;
    report_expand(pattern, place->path, sizeof place->path);
    place->descriptor = named_descriptor(place->path);
    place->in_place = place->descriptor >= 0 || (stat(place->path, &there) == 0 && !S_ISREG(there.st_mode));
    snprintf(place->fresh, sizeof place->fresh, place->in_place ? "%s" : "%s.%d.tmp", place->path, (int)getpid());
}

int report_place_open(const struct report_place *place)
{
    const int flags = place->in_place ? 0 : O_CREAT | O_TRUNC | O_NOFOLLOW;
    const int fd = place->descriptor >= 0
                       ? fcntl(place->descriptor, F_DUPFD_CLOEXEC, 0)
                       : open(place->fresh, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags, 0644);
    return fd < 0 ? -errno : fd;
}

int report_place_close(const struct report_place *place, int fd, int well)
{
    int rc = close(fd) ? -errno : 0;
    if (well && rc == 0 && !place->in_place && rename(place->fresh, place->path))
        rc = -errno;
    if ((!well || rc) && !place->in_place)
        unlink(place->fresh);
    return rc;
}
