/* Starts autopin's own threads.  See threads.h. */
#define _GNU_SOURCE
#include "threads.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "next.h"
#include "policy/prim.h"

#ifndef SYS_close_range
#define SYS_close_range 436 /* Linux 5.9, the same everywhere */
#endif
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2
#endif

/* Small: of a program that locks all its memory every page of them counts against its limit (rule 46). */
enum {
    /* The driver's registration runs on it. */
    STACK_BYTES = 1 << 20,
    JOINED_BYTES = 256 << 10, /* no driver there */
    ROOM_BYTES = 128 << 10
};

void on_stack(void (*body)(void *), void *arg, void *top) __attribute__((visibility("hidden"))); /* on_stack.S */

void thread_with_room(void (*body)(void *), void *arg)
{
    char *stack = prim_map(ROOM_BYTES);
    if (!stack) {
        body(arg);
        return;
    }
    on_stack(body, arg, stack + ROOM_BYTES);
    prim_unmap(stack, ROOM_BYTES);
}

/* The first thread's stack ends where the kernel puts AT_RANDOM's bytes, and nothing is mapped for a while below it
 * (Linux 6.18, mm/util.c: mmap_base(), MIN_GAP 128 MiB). */
static int first_stack(uintptr_t *low, uintptr_t *end)
{
    const uintptr_t surely = (uintptr_t)64 << 20;
    *end = getauxval(AT_RANDOM);
    *low = *end > surely ? *end - surely : *end;
    return 0;
}

static int given_stack(uintptr_t *low, uintptr_t *end)
{
    pthread_attr_t attr;
    void *base = NULL;
    size_t bytes = 0;
    if (pthread_getattr_np(pthread_self(), &attr))
        return -ENOMEM;
    pthread_attr_getstack(&attr, &base, &bytes);
    pthread_attr_destroy(&attr);
    *low = (uintptr_t)base;
    *end = *low + bytes;
    return 0;
}

/* The stack that the thread was started with; end 0: not asked for yet. */
static __thread uintptr_t stack_low, stack_end;

static __attribute__((noinline)) void find_stack(void)
{
    if (syscall(SYS_gettid) == getpid() ? first_stack(&stack_low, &stack_end) : given_stack(&stack_low, &stack_end))
        stack_low = stack_end = UINTPTR_MAX; /* not to be had: nothing lies on it */
}

const uintptr_t *thread_stack_end(const void *at)
{
    if (!stack_end)
        find_stack();
    if ((uintptr_t)at < stack_low || (uintptr_t)at >= stack_end)
        return NULL;
    return (const uintptr_t *)stack_end; /* NOLINT(performance-no-int-to-ptr) */
}

int thread_owns_stack(const void *low, const void *high)
{
    return low <= high && thread_stack_end(low) && (uintptr_t)high < stack_end;
}

/* What glibc takes out of a stack for itself: the program's static TLS above all. */
static size_t (*taken_bytes)(const pthread_attr_t *);

void thread_prepare(void)
{
    taken_bytes = (size_t(*)(const pthread_attr_t *))next_libc("__pthread_get_minstack"); /* private, and not musl's */
}

static int start(void *(*body)(void *), void *arg, pthread_t *thread, int state, size_t stack_bytes)
{
    sigset_t all, before;
    pthread_attr_t attr;
    int rc = pthread_attr_init(&attr);
    if (rc)
        return -rc;
    sigfillset(&all);
    pthread_attr_setdetachstate(&attr, state);
    pthread_attr_setstacksize(&attr, stack_bytes + (taken_bytes ? taken_bytes(&attr) : 0));
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(thread, &attr, body, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return -rc;
}

int thread_start(void *(*body)(void *), void *arg)
{
    pthread_t thread;
    return start(body, arg, &thread, PTHREAD_CREATE_DETACHED, STACK_BYTES);
}

int thread_start_joined(void *(*body)(void *), void *arg, pthread_t *thread)
{
    return start(body, arg, thread, PTHREAD_CREATE_JOINABLE, JOINED_BYTES);
}

int thread_leave_descriptors(void)
{
    return syscall(SYS_close_range, 0, ~0u, CLOSE_RANGE_UNSHARE) ? -errno : 0;
}
