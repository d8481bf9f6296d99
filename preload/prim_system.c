/* The system side of policy/prim.h: clock, pages, waiting, messages.  No lock; nothing allocates. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "aside.h"
#include "policy/file.h"
#include "policy/prim.h"
#include "self.h"
#include "system.h"

enum {
    MESSAGES_MOST = 50 /* a library that talks all the time is a nuisance */
};

static int verbosity = 1;
static _Atomic int messages;
static dev_t stderr_device;
static ino_t stderr_inode;
static int stderr_known;

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

uint64_t prim_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t prim_coarse_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC_COARSE);
}

void *prim_map(size_t bytes)
{
    const int kept = errno;
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    errno = kept;
    return mem == MAP_FAILED ? NULL : mem;
}

void prim_unmap(void *mem, size_t bytes)
{
    const int kept = errno;
    munmap(mem, bytes);
    errno = kept;
}

void prim_wait(_Atomic uint32_t *word, uint32_t seen)
{
    const int kept = errno;
    const struct timespec while_at_most = {.tv_nsec = 10000000}; /* a wake that is missed costs no more */
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, &while_at_most, NULL, 0);
    errno = kept;
}

void prim_wake(_Atomic uint32_t *word)
{
    const int kept = errno;
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 0x7fffffff, NULL, NULL, 0);
    errno = kept;
}

void system_set_verbosity(int level)
{
    verbosity = level;
}

void system_remember_stderr(void)
{
    struct stat now;
    stderr_known = fstat(2, &now) == 0;
    stderr_device = now.st_dev;
    stderr_inode = now.st_ino;
}

int system_stderr_is_ours(void)
{
    struct stat now;
    return stderr_known && fstat(2, &now) == 0 && now.st_dev == stderr_device && now.st_ino == stderr_inode;
}

/* To a pipe without a reader, or beyond the largest file, a write ends in a signal, which is the program's business
 * only when it wrote itself. */
static void block_signals(sigset_t *ours, sigset_t *before)
{
    static const int brought[] = {SIGPIPE, SIGXFSZ};
    sigset_t pending;
    sigemptyset(ours);
    sigpending(&pending);
    for (size_t i = 0; i < sizeof brought / sizeof *brought; i++)
        if (!sigismember(&pending, brought[i])) /* else it is blocked already, and not ours to take */
            sigaddset(ours, brought[i]);
    pthread_sigmask(SIG_BLOCK, ours, before);
}

static void restore_signals(const sigset_t *ours, const sigset_t *before)
{
    static const struct timespec at_once;
    while (sigtimedwait(ours, NULL, &at_once) > 0 || errno == EINTR)
        ;
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static int write_all(int fd, const char *text, size_t len)
{
    while (len) {
        const ssize_t done = write(fd, text, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return -1;
        text += done;
        len -= (size_t)done;
    }
    return 0;
}

/* malloc and free are no cancellation points, and must not become some because autopin reads or writes a file in them.
 */
int system_uncancellable(void)
{
    int before = PTHREAD_CANCEL_ENABLE;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

void system_cancellable(int before)
{
    pthread_setcancelstate(before, NULL);
}

int system_write(int fd, const char *text, size_t len)
{
    const int cancel = system_uncancellable();
    sigset_t ours, before;
    block_signals(&ours, &before);
    const int rc = write_all(fd, text, len), kept = errno;
    restore_signals(&ours, &before);
    system_cancellable(cancel);
    errno = kept;
    return rc;
}

void prim_log(int level, const char *fmt, ...)
{
    char line[512];
    va_list args;
    if (level > verbosity || atomic_fetch_add(&messages, 1) >= MESSAGES_MOST)
        return;
    self_enter();
    if (!stderr_known)
        system_remember_stderr();
    va_start(args, fmt);
    const int n = vsnprintf(line, sizeof line - 1, fmt, args);
    va_end(args);
    if (n > 0 && system_stderr_is_ours()) {
        const size_t len = (size_t)n < sizeof line - 1 ? (size_t)n : sizeof line - 2;
        line[len] = '\n';
        system_write(2, line, len + 1);
    }
    self_leave();
}

/* glibc's alone (2.32); weak, so that a musl child survives the preload (rule 48). */
const char *strerrordesc_np(int error) __attribute__((weak));

const char *system_error_text(int error)
{
    const char *text = strerrordesc_np ? strerrordesc_np(error) : NULL;
    return text ? text : "see errno";
}

struct reading {
    const char *path;
    char *buf;
    size_t cap, *len;
    int rc;
};

static void read_now(void *arg)
{
    struct reading *reading = arg;
    const int cancel = system_uncancellable();
    reading->rc = file_read(reading->path, reading->buf, reading->cap, reading->len);
    system_cancellable(cancel);
}

int system_read_file(const char *path, char *buf, size_t cap, size_t *len)
{
    struct reading reading = {path, buf, cap, len, 0};
    aside_run(read_now, &reading);
    return reading.rc;
}

/* The number behind a key of /proc/self/status; UINT64_MAX when it is not there. */
static uint64_t status_number(const char *key)
{
    char text[2048];
    size_t len;
    const int rc = system_read_file("/proc/self/status", text, sizeof text - 1, &len);
    if (rc && rc != -EFBIG)
        return UINT64_MAX;
    text[len] = 0;
    const char *at = strstr(text, key);
    return at ? strtoull(at + strlen(key), NULL, 10) : UINT64_MAX;
}

uint64_t system_locked_bytes(void)
{
    const uint64_t kib = status_number("VmLck:");
    return kib == UINT64_MAX ? UINT64_MAX : kib * 1024;
}

uint64_t system_threads(void)
{
    return status_number("Threads:");
}
