/* Preloaded before autopin: makes a system service fail at the n-th time that autopin asks for it.
 *
 *   FAIL_NTH=KIND:N or KIND:N-      KIND: mmap, munmap, mremap, mprotect, madvise, mlock, munlock, thread; N- : and all
 * after FAIL_STATE=FILE                 holds a struct fail_state of counts (fail_nth.h), shared with the test
 *
 * Only calls from autopin itself count.  Those that it makes by its own hooks reach the system by syscall(); the
 * program's, which come by the same hooks, are told apart by having entered here first.
 */
#define _GNU_SOURCE
#include "fail_nth.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct fail_state *state;
static int kind = -1;
static unsigned first, last;
static __thread int of_program __attribute__((tls_model("initial-exec")));

static long (*real_syscall)(long, ...);

__attribute__((constructor)) static void begin(void)
{
    static const char *const names[] = {FAIL_KINDS};
    const char *what = getenv("FAIL_NTH"), *path = getenv("FAIL_STATE"), *colon = what ? strchr(what, ':') : NULL;
    const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    char *end;
    real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    if (fd < 0)
        return;
    void *mapped = (void *)real_syscall(SYS_mmap, NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    for (int i = 0; colon && i < FAIL_N_KINDS; i++)
        if (strlen(names[i]) == (size_t)(colon - what) && memcmp(names[i], what, (size_t)(colon - what)) == 0)
            kind = i;
    first = colon ? (unsigned)strtoul(colon + 1, &end, 10) : 0;
    last = colon && *end == '-' ? ~0u : first;
    state = mapped;
}

/* Whether the code at `pc` is autopin's. */
static int is_autopin(void *pc)
{
    struct dl_find_object found;
    return !of_program && _dl_find_object(pc, &found) == 0 && found.dlfo_link_map->l_name &&
           strstr(found.dlfo_link_map->l_name, "libautopin.so") != NULL;
}

/* Counts the call; whether it has to fail. */
static int fails(enum fail_kind which, void *pc)
{
    if (!state || !is_autopin(pc))
        return 0;
    const unsigned nth = atomic_fetch_add(&state->calls[which], 1) + 1;
    if ((int)which != kind || nth < first || nth > last)
        return 0;
    atomic_fetch_add(&state->failed, 1);
    return 1;
}

#define CALLER __builtin_return_address(0)

static void *no_memory(void)
{
    errno = ENOMEM;
    return MAP_FAILED;
}

void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    if (fails(FAIL_MMAP, CALLER))
        return no_memory();
    return (void *)real_syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
}

int munmap(void *at, size_t bytes)
{
    if (fails(FAIL_MUNMAP, CALLER)) {
        errno = ENOMEM;
        return -1;
    }
    return (int)real_syscall(SYS_munmap, at, bytes);
}

void *mremap(void *at, size_t had, size_t bytes, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    void *to = va_arg(args, void *);
    va_end(args);
    if (fails(FAIL_MREMAP, CALLER))
        return no_memory();
    return (void *)real_syscall(SYS_mremap, at, had, bytes, flags, to);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *), void *arg)
{
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (fails(FAIL_THREAD, CALLER))
        return EAGAIN;
    if (!real)
        real =
            (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attr, body, arg);
}

long syscall(long number, ...)
{
    static const struct {
        long number;
        enum fail_kind kind;
    } counted[] = {{SYS_mprotect, FAIL_MPROTECT},
                   {SYS_madvise, FAIL_MADVISE},
                   {SYS_mlock, FAIL_MLOCK},
                   {SYS_munlock, FAIL_MUNLOCK}};
    long a[6];
    va_list args;
    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        if (counted[i].number == number && fails(counted[i].kind, CALLER)) {
            errno = ENOMEM;
            return -1;
        }
    if (!real_syscall)
        real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* --- the program's own calls, by way of autopin's hooks ------------------------------------------------------------
 */

#define FORWARD(name, params, ...)                                                                                     \
    int name params                                                                                                    \
    {                                                                                                                  \
        static int(*real) params;                                                                                      \
        if (!real)                                                                                                     \
            real = (int(*) params)dlsym(RTLD_NEXT, #name);                                                             \
        of_program++;                                                                                                  \
        const int rc = real(__VA_ARGS__);                                                                              \
        of_program--;                                                                                                  \
        return rc;                                                                                                     \
    }

FORWARD(madvise, (void *at, size_t bytes, int advice), at, bytes, advice)
FORWARD(mprotect, (void *at, size_t bytes, int protection), at, bytes, protection)
FORWARD(mlock, (const void *at, size_t bytes), at, bytes)
FORWARD(munlock, (const void *at, size_t bytes), at, bytes)
