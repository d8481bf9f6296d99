/* Starts autopin's own threads.  See threads.h. */
#define _GNU_SOURCE
#include "threads.h"

#include <pthread.h>
#include <signal.h>

#include "policy/prim.h"

/* Small: of a program that locks all its memory every page of them counts against its limit (rule 46). */
enum {
    STACK_BYTES = 1 << 20, /* the driver's registration runs on it; glibc also takes the program's static TLS out of it */
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

int thread_start(void *(*body)(void *), void *arg)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;
    int rc = pthread_attr_init(&attr);
    if (rc)
        return -rc;
    sigfillset(&all);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&thread, &attr, body, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return -rc;
}
