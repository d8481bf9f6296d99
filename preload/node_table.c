/* The table of policy/node_ledger.h as a file, and the names of processes in it.  No lock; nothing is kept open. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aside.h"
#include "policy/pid_namespace.h"
#include "policy/prim.h"
#include "system.h"

enum {
    PID_BITS = 22, /* the kernel's own limit */
    FIELD_STATE = 3,
    FIELD_THREADS = 20,
    FIELD_START = 22
};

/* A field of /proc/PID/stat from the third on; names of programs may hold anything, so count from the last bracket. */
static const char *stat_field(const char *text, int field)
{
    const char *at = strrchr(text, ')');
    for (int i = FIELD_STATE - 1; at && i < field; i++)
        at = strchr(at + 1, ' ');
    return at ? at + 1 : "";
}

static int stat_read(pid_t pid, char *text, size_t cap)
{
    char path[32];
    size_t len;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    const int rc = system_read_file(path, text, cap - 1, &len);
    text[len] = 0;
    return rc;
}

/* When it was started, and its pid; 0 for the start where that is unknown: there is no /proc. */
static uint64_t name_of(pid_t pid, const char *text)
{
    return strtoull(stat_field(text, FIELD_START), NULL, 10) << PID_BITS | (uint64_t)pid;
}

uint64_t prim_process(void)
{
    char text[1024];
    const int kept = errno;
    const int rc = stat_read(getpid(), text, sizeof text);
    errno = kept;
    return name_of(getpid(), rc ? "" : text);
}

/* The memory of a zombie is gone, unless it is but the first of several threads.  What cannot be read tells nothing:
 * /proc may not be there, or no descriptor be left. */
int prim_process_lives(uint64_t name)
{
    char text[1024];
    const int kept = errno;
    const pid_t pid = (pid_t)(name & ((1u << PID_BITS) - 1));
    const int gone = pid == 0 || (kill(pid, 0) && errno == ESRCH),
              rc = gone ? -ESRCH : stat_read(pid, text, sizeof text);
    errno = kept;
    if (rc)
        return !gone;
    const char state = *stat_field(text, FIELD_STATE);
    return (name >> PID_BITS == 0 || name_of(pid, text) == name) &&
           ((state != 'Z' && state != 'X') || strtoull(stat_field(text, FIELD_THREADS), NULL, 10) > 1);
}

/* A folder of ours that nobody else can look into.  Errors: -errno. */
static int open_folder(const char *path)
{
    struct stat about;
    if (mkdir(path, 0700) && errno != EEXIST)
        return -errno;
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &about) == 0 && about.st_uid == geteuid() && (about.st_mode & 077) == 0)
        return fd;
    close(fd);
    return -EPERM;
}

/* Processes know each other by pid, so those of one PID namespace share a file. */
static void file_name(char *out, size_t cap)
{
    snprintf(out, cap, "node-1.%llu", (unsigned long long)pid_namespace());
}

/* Gives a new file its pages, so that no write to them can fail later.  Errors: -errno. */
static int settle_file(int fd, size_t bytes)
{
    struct stat about;
    struct rlimit limit;
    if (fstat(fd, &about))
        return -errno;
    if (!S_ISREG(about.st_mode) || about.st_uid != geteuid() || (about.st_mode & 077) || about.st_nlink != 1)
        return -EPERM;
    if (about.st_size && (size_t)about.st_size != bytes)
        return -EINVAL;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < bytes) /* the attempt would bring a signal */
        return -EFBIG;
    int rc = EINTR;
    for (int i = 0; i < 100 && rc == EINTR; i++) /* tmpfs gives up at any signal */
        rc = posix_fallocate(fd, 0, (off_t)bytes);
    return -rc;
}

static int map_in(const char *folder, size_t bytes, void **mem)
{
    char name[48];
    const int at = open_folder(folder);
    if (at < 0)
        return at;
    file_name(name, sizeof name);
    const int fd = openat(at, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    int rc = fd < 0 ? -errno : settle_file(fd, bytes);
    if (rc == 0) {
        *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        rc = *mem == MAP_FAILED ? -errno : 0;
    }
    if (fd >= 0)
        close(fd);
    close(at);
    return rc;
}

struct mapping {
    size_t bytes;
    char path[512];
    void *mem;
    int rc;
};

/* Where the user's session keeps such things, or what every system has. */
static void map_somewhere(void *arg)
{
    struct mapping *mapping = arg;
    const size_t cap = sizeof mapping->path;
    const int cancel = system_uncancellable();
    const char *session = getenv("XDG_RUNTIME_DIR"); /* NOLINT(concurrency-mt-unsafe): as every library does */
    mapping->rc = -ENOENT;
    if (session && *session == '/' && strlen(session) < cap - 16) {
        snprintf(mapping->path, cap, "%s/autopin", session);
        mapping->rc = map_in(mapping->path, mapping->bytes, &mapping->mem);
    }
    if (mapping->rc) {
        snprintf(mapping->path, cap, "/dev/shm/autopin-%u", (unsigned)geteuid());
        mapping->rc = map_in(mapping->path, mapping->bytes, &mapping->mem);
    }
    system_cancellable(cancel);
}

void *prim_node_map(size_t bytes)
{
    struct mapping mapping = {.bytes = bytes};
    const int kept = errno;
    aside_run(map_somewhere, &mapping);
    errno = kept;
    if (mapping.rc)
        prim_log(1, "autopin: max_pinned_node: nothing is pinned, since %s cannot be used: %s", mapping.path,
                 system_error_text(-mapping.rc));
    return mapping.rc ? NULL : mapping.mem;
}
