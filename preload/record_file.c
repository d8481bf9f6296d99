/* The file behind the record.  See record_file.h.  Lock: the record's, held by policy/record.c.
 *
 * A page of a shared mapping that has no memory behind it ends the program by SIGBUS when it is written to, and a file
 * made longer than RLIMIT_FSIZE allows by SIGXFSZ: so the limit is looked at, all memory is taken before anything is
 * mapped (fallocate), and only in file systems where that holds for ever.  No descriptor stays open. */
#define _GNU_SOURCE
#include "record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "life.h"
#include "policy/pid_namespace.h"
#include "policy/prim.h"
#include "policy/record.h"
#include "system.h"

enum {
    /* A directory of that size (in tmpfs, 1024 files) holds what too many dead processes have left: another is not
     * made, since nothing but the command removes them. */
    DIRECTORY_MOST = 1024 * 20
};

static char directory[200], path[256]; /* of the file there is; "" when there is none */
static char fresh[288];           /* its name until it is whole: it has to tell whose it is, as the head does then */
static void *spare[RECORD_PARTS]; /* of each part that is in the file: see spare_take() */

static uint64_t boot_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* --- the directory --------------------------------------------------------------------------------------------------
 */

/* The second half of such memory is for programs, which may end by SIGBUS where there is none left. */
static int has_room(const struct statfs *in)
{
    return in->f_bavail >= in->f_blocks / 2;
}

static int will_do(const struct statfs *in)
{
    return (in->f_type == TMPFS_MAGIC || in->f_type == RAMFS_MAGIC) && has_room(in);
}

/* Where no file would be made, no directory is left either. */
static int make_directory(void)
{
    struct statfs in;
    char parent[sizeof directory];
    snprintf(parent, sizeof parent, "%s", directory);
    strrchr(parent, '/')[0] = 0;
    return statfs(parent, &in) == 0 && will_do(&in) && mkdir(directory, 0700) == 0;
}

/* Ours alone: then nobody else can put anything there. */
static int directory_is_good(void)
{
    struct stat dir;
    if (lstat(directory, &dir) && (errno != ENOENT || !make_directory() || lstat(directory, &dir)))
        return 0;
    return S_ISDIR(dir.st_mode) && dir.st_uid == geteuid() && !(dir.st_mode & 077) && dir.st_size < DIRECTORY_MOST;
}

/* A file made anew.  Errors: -errno. */
static int create(void)
{
    struct statfs in;
    if (!directory_is_good())
        return -EACCES;
    const unsigned long long now = boot_ns();
    snprintf(path, sizeof path, "%s/%d.%llx", directory, (int)getpid(), now);
    snprintf(fresh, sizeof fresh, "%s/.%d.%llx.%llu", directory, (int)getpid(), now,
             (unsigned long long)pid_namespace());
    const int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd >= 0 && fstatfs(fd, &in) == 0 && will_do(&in))
        return fd;
    if (fd >= 0) {
        unlink(fresh);
        close(fd);
    }
    path[0] = 0;
    return -EOPNOTSUPP;
}

/* --- its contents ---------------------------------------------------------------------------------------------------
 */

static int limit_allows(uint64_t bytes)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur >= bytes;
}

/* tmpfs gives up at any signal.  Errors: -errno. */
static int take_memory(int fd, uint64_t at, uint64_t bytes)
{
    int rc = -EINTR;
    for (int i = 0; i < 100 && rc == -EINTR; i++)
        rc = fallocate(fd, 0, (off_t)at, (off_t)bytes) ? -errno : 0;
    return rc;
}

/* Takes the memory of each part, and writes what is in it.  What stands before its first RECORD_ALIGNED bytes, the mark
 * of a record that is complete, is left out. */
static int fill(int fd, const struct record_part *part, unsigned n)
{
    uint64_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        const uint64_t skip = i ? 0 : sizeof record.head.magic;
        const char *from = (const char *)(uintptr_t)part[i].address; /* NOLINT(performance-no-int-to-ptr) */
        const int rc = take_memory(fd, at, part[i].bytes);
        if (rc)
            return rc;
        if (pwrite(fd, from + skip, part[i].used - skip, (off_t)(at + skip)) != (ssize_t)(part[i].used - skip))
            return -EIO;
        at += part[i].bytes;
    }
    return 0;
}

/* Memory for a part in a child to come, which may get none itself: its limits may be used up.  Untouched, so it costs
 * no more than addresses.  Errors: -ENOMEM. */
static int spare_take(unsigned number, uint64_t bytes)
{
    if (!spare[number])
        spare[number] = prim_map(bytes);
    return spare[number] ? 0 : -ENOMEM;
}

/* A part becomes private memory: what a forked child must not share with its parent. */
static void part_leave(unsigned number, const struct record_part *part)
{
    void *there = (void *)(uintptr_t)part->address; /* NOLINT(performance-no-int-to-ptr) */
    memcpy(spare[number], there, part->used);
    if (mremap(spare[number], part->bytes, part->bytes, MREMAP_MAYMOVE | MREMAP_FIXED, there) == there)
        spare[number] = NULL;
    else if (mmap(there, part->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == there)
        memcpy(there, spare[number], part->used); /* moving takes four mappings more (Linux 6.1, vm.max_map_count) */
}

static int map_over(int fd, const struct record_part *part, unsigned n)
{
    uint64_t at = 0;
    for (unsigned i = 0; i < n; i++)
        if (spare_take(i, part[i].bytes))
            return -ENOMEM;
    for (unsigned i = 0; i < n; i++) {
        void *there = (void *)(uintptr_t)part[i].address; /* NOLINT(performance-no-int-to-ptr) */
        if (mmap(there, part[i].bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, (off_t)at) != there) {
            const int rc = -errno;
            while (i-- > 0)
                part_leave(i, &part[i]);
            return rc;
        }
        at += part[i].bytes;
    }
    return 0;
}

/* In that directory, if it will do. */
static int make_there(const struct record_part *part, unsigned n)
{
    const int fd = create();
    if (fd < 0)
        return fd;
    int rc = fill(fd, part, n);
    if (rc == 0)
        rc = map_over(fd, part, n);
    close(fd);
    if (rc)
        unlink(fresh);
    return rc;
}

/* In the directory of the last time, or the first of the two that will do. */
static int make_file(const struct record_part *part, unsigned n)
{
    uint64_t bytes = 0;
    int rc = -ENOENT;
    for (unsigned i = 0; i < n; i++)
        bytes += part[i].bytes;
    if (!limit_allows(bytes))
        return -EFBIG;
    if (directory[0])
        return make_there(part, n);
    const char *runtime = getenv("XDG_RUNTIME_DIR"); /* NOLINT(concurrency-mt-unsafe): as every library does */
    if (runtime && runtime[0] == '/' &&
        (size_t)snprintf(directory, sizeof directory, "%s/autopin", runtime) < sizeof directory)
        rc = make_there(part, n);
    if (rc == 0)
        return 0;
    snprintf(directory, sizeof directory, "/dev/shm/autopin-%u", (unsigned)geteuid());
    return make_there(part, n);
}

/* --- as the record asks for it --------------------------------------------------------------------------------------
 */

static int make(const struct record_part *part, unsigned n)
{
    const int kept = errno, cancel = system_uncancellable();
    path[0] = 0;
    const int rc = make_file(part, n);
    if (rc)
        life_note("what is counted could not be kept in a file: there is no report if the process is killed");
    if (rc)
        path[0] = 0;
    else
        record.head.pid = getpid();
    record.head.pid_namespace = pid_namespace();
    record.head.made_ns = boot_ns();
    system_cancellable(cancel);
    errno = kept;
    return rc;
}

static void leave(const struct record_part *part, unsigned n)
{
    const int kept = errno;
    for (unsigned i = 0; i < n; i++)
        part_leave(i, &part[i]);
    path[0] = 0;
    errno = kept;
}

/* Who dies before this leaves a file that nobody takes for a record. */
static int show(void)
{
    const int kept = errno, rc = rename(fresh, path) ? -errno : 0;
    if (rc)
        unlink(fresh);
    errno = kept;
    return rc;
}

/* The file is opened anew; what lies there by now may be another. */
static void *grow_file(unsigned number, uint64_t at, size_t bytes)
{
    struct record_head head; /* of the file there is by now */
    struct statfs in;
    void *mem = MAP_FAILED;
    const int fd = limit_allows(at + bytes) ? open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY) : -1;
    if (fd < 0)
        return NULL;
    if (spare_take(number, bytes) == 0 && fstatfs(fd, &in) == 0 && has_room(&in) &&
        pread(fd, &head, sizeof head, 0) == (ssize_t)sizeof head && head.made_ns == record.head.made_ns &&
        head.pid == record.head.pid && memcmp(head.magic, RECORD_MAGIC, sizeof head.magic) == 0 &&
        take_memory(fd, at, bytes) == 0)
        mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)at);
    close(fd);
    return mem == MAP_FAILED ? NULL : mem;
}

static void *grow(unsigned number, uint64_t at, size_t bytes)
{
    const int kept = errno, cancel = system_uncancellable();
    void *mem = grow_file(number, at, bytes);
    system_cancellable(cancel);
    errno = kept;
    return mem;
}

static void drop(void)
{
    const int kept = errno;
    if (path[0])
        unlink(path);
    path[0] = 0;
    errno = kept;
}

const struct record_files record_files = {make, show, grow, leave, drop};
