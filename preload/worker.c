/* The worker thread.  See worker.h.  It sleeps on one word; no lock. */
#define _GNU_SOURCE
#include "worker.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "aside.h"
#include "flight.h"
#include "life.h"
#include "policy/engine.h"
#include "policy/prim.h"
#include "report_out.h"
#include "self.h"
#include "stage.h"
#include "stage_ring.h"
#include "system.h"
#include "threads.h"
#include "trace.h"

enum {
    NONE,
    RUNNING,
    IMPOSSIBLE
};
static const uint64_t FLIGHT_NS = 500000;   /* how often copies in flight are asked after */
static const uint64_t ALONE_NS = 500000000; /* how often it looks whether it is alone */
static _Atomic int worker;
static _Atomic uint32_t kicks;

static void sleep_until_kicked(uint32_t seen, uint64_t at_most_ns)
{
    const struct timespec wait = {.tv_sec = (time_t)(at_most_ns / 1000000000),
                                  .tv_nsec = (long)(at_most_ns % 1000000000)};
    syscall(SYS_futex, &kicks, FUTEX_WAIT_PRIVATE, seen, &wait, NULL, 0);
}

/* Whether only this thread is left: the main thread has ended by pthread_exit() (it then stays as a zombie), and so
 * have all others.  The program would have ended with its last thread; so must this one, and glibc ends the process. */
static int alone(void)
{
    char text[512], path[64];
    size_t len;
    const int pid = (int)getpid();
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", pid);
    if (system_read_file(path, text, sizeof text - 1, &len))
        return 0;
    text[len] = 0;
    const char *state = strrchr(text, ')'); /* "PID (NAME) STATE ..." */
    return state && state[1] && state[2] == 'Z' && system_threads() <= 2 + (uint64_t)aside_is_there();
}

/* One round.  Returns how long to sleep; UINT64_MAX: there is nothing to wait for. */
static uint64_t work(void)
{
    int left = 0;
    if (engine_enter()) {
        stage_make_first(); /* a copy goes on plainly until they are there */
        engine_leave();
    }
    uint64_t wait_ns = engine_work();
    if (engine_enter()) {
        const uint64_t ring_ns = ring_reap();
        wait_ns = ring_ns < wait_ns ? ring_ns : wait_ns;
        left = flight_reap();
        report_refresh();
        trace_refresh();
        engine_leave();
    }
    if (left)
        return FLIGHT_NS;
    return wait_ns > ALONE_NS && wait_ns != UINT64_MAX ? ALONE_NS : wait_ns;
}

/* The thread may end: nothing is pinned and nothing was asked for since `seen`. */
static int retire(uint32_t seen)
{
    int none = NONE;
    atomic_store(&worker, NONE);
    return atomic_load(&kicks) == seen || !atomic_compare_exchange_strong(&worker, &none, RUNNING);
}

/* Returns whether there is no more to come, and perhaps another worker by now. */
static int rest(uint32_t seen, uint64_t wait_ns)
{
    if (wait_ns == UINT64_MAX) {
        aside_end();
        return retire(seen);
    }
    sleep_until_kicked(seen, wait_ns);
    return 0;
}

static void *run(void *arg)
{
    int retired = 0;
    self.busy++;
    self.is_worker = 1;
    do {
        const uint32_t seen = atomic_load(&kicks);
        retired = rest(seen, work());
    } while (!retired && !alone());
    if (!retired)
        aside_end();
    self.busy--;
    return arg;
}

static int start(void)
{
    static _Atomic int registered;
    if (!atomic_exchange(&registered, 1))
        atexit(life_quiesce); /* later than the driver's own handler, hence run before it */
    return thread_start(run, NULL);
}

int worker_is_possible(void)
{
    return atomic_load(&worker) != IMPOSSIBLE;
}

void prim_kick(void)
{
    int seen = NONE;
    self_enter();
    atomic_fetch_add(&kicks, 1);
    self.kick_later = self.in_callback && atomic_load(&worker) == NONE;
    if (!self.in_callback && atomic_compare_exchange_strong(&worker, &seen, RUNNING) && start()) {
        atomic_store(&worker, IMPOSSIBLE);
        life_note("no thread could be started: nothing is pinned in the background");
    }
    if (atomic_load(&worker) == IMPOSSIBLE)
        engine_drop_queue();
    prim_wake(&kicks);
    self_leave();
}

void worker_fork_child(void)
{
    atomic_store(&worker, NONE);
    aside_fork_child();
}

void life_quiesce(void)
{
    if (life_is_own_process())
        engine_stop();
}
