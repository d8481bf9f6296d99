/* The thread that has descriptors of its own.  See aside.h.  It sleeps on one word; no lock. */
#define _GNU_SOURCE
#include "aside.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policy/prim.h"
#include "self.h"
#include "threads.h"

static _Atomic uint32_t turn; /* odd: it is that thread's */
static void (*asked)(void *); /* in its turn; NULL: to end */
static void *asked_of;
static int there, impossible; /* the worker's */
static _Atomic int shares;    /* it has no table of its own, and does nothing */
static pthread_t thread;

/* Sleeps while it is the other's turn. */
static void wait_for(uint32_t odd)
{
    uint32_t now;
    while (((now = atomic_load(&turn)) & 1) != odd)
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
}

static void pass(void)
{
    atomic_fetch_add(&turn, 1);
    prim_wake(&turn);
}

static void *run(void *arg)
{
    self.busy++;
    atomic_store(&shares, thread_leave_descriptors() != 0);
    for (int goes_on = 1; goes_on;) {
        wait_for(1);
        goes_on = asked != NULL;
        if (goes_on && !atomic_load(&shares))
            asked(asked_of);
        pass();
    }
    self.busy--;
    return arg;
}

static void ask(void (*job)(void *), void *arg)
{
    asked = job;
    asked_of = arg;
    pass();
    wait_for(0);
}

void aside_end(void)
{
    if (!there)
        return;
    ask(NULL, NULL);
    pthread_join(thread, NULL);
    there = 0;
}

/* Whether it is there, or could be started. */
static int can_ask(void)
{
    if (!self.is_worker || impossible)
        return 0;
    if (!there)
        there = thread_start_joined(run, NULL, &thread) == 0;
    impossible = !there;
    return there;
}

void aside_run(void (*job)(void *), void *arg)
{
    int done = can_ask();
    if (done) {
        ask(job, arg);
        done = !atomic_load(&shares);
        if (!done) {
            aside_end();
            impossible = 1;
        }
    }
    if (!done)
        job(arg);
}

int aside_is_there(void)
{
    return there;
}

void aside_fork_child(void)
{
    atomic_store(&turn, 0);
    there = 0;
}
