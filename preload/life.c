/* Start at first need, and fork.  See life.h.  Lock: none; the state is one atomic word. */
#define _GNU_SOURCE
#include "life.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app_ranges.h"
#include "arena.h"
#include "bounce.h"
#include "flight.h"
#include "lane.h"
#include "memory.h"
#include "modules.h"
#include "next.h"
#include "policy/engine.h"
#include "policy/hot.h"
#include "policy/lock.h"
#include "policy/mem.h"
#include "policy/prim.h"
#include "policy/record.h"
#include "record_file.h"
#include "report_out.h"
#include "self.h"
#include "stage.h"
#include "stage_ring.h"
#include "stage_team.h"
#include "system.h"
#include "threads.h"
#include "trace.h"
#include "unwind.h"
#include "worker.h"

enum {
    NOTES_MOST = 8
};
static const uint64_t START_NS = 1000000000; /* a start takes a few milliseconds */

/* min_size can be set no lower (policy/options.def). */
HOT_DATA size_t life_threshold = 64 << 10, life_min_size;

/* What the marked page says.  A kernel that does not know MADV_WIPEONFORK (Linux < 4.14) leaves it unmarked. */
enum {
    MARK_WIPED,
    MARK_HERE,
    MARK_FORGETTING,
    MARK_CHILD /* it has not asked for large blocks yet, and has no record: most become another program */
};
HOT_DATA _Atomic uint32_t *life_mark;

HOT_DATA _Atomic uint32_t life_state;
static struct options options;
static _Atomic pid_t owner;
static const char *notes[NOTES_MOST];
static _Atomic unsigned n_notes;

const struct options *life_options(void)
{
    return &options;
}

int life_is_own_process(void)
{
    return getpid() == atomic_load(&owner);
}

void life_note(const char *note)
{
    const unsigned at = atomic_fetch_add(&n_notes, 1);
    if (at < NOTES_MOST)
        notes[at] = note;
    record_file_note(at, note);
}

unsigned life_notes(const char *const **out)
{
    const unsigned n = atomic_load(&n_notes);
    *out = notes;
    return n < NOTES_MOST ? n : NOTES_MOST;
}

static const char *get_env(const char *name)
{
    return getenv(name); /* NOLINT(concurrency-mt-unsafe): as every library does */
}

static void complain(int level, const char *line)
{
    prim_log(level, "%s", line);
}

static void make_mark(void)
{
    const size_t page = (size_t)getpagesize();
    _Atomic uint32_t *mark = prim_map(page);
    if (!mark)
        return;
    if (madvise(mark, page, MADV_WIPEONFORK)) {
        prim_unmap(mark, page);
        return;
    }
    life_mark = hot_away(mark);
    atomic_store(life_mark, MARK_HERE);
}

/* Reads the options and gets every part ready; *on says whether autopin stays. */
static void start(void *on)
{
    struct options_source source = {get_env, system_read_file, 0, complain, environ, system_error_text};
    system_remember_stderr();
    *(int *)on = !options_disabled(&source);
    if (!*(int *)on)
        return;
    source.ram_bytes = memory_limit_bytes();
    options_load(&options, &source);
    system_set_verbosity((int)options.verbosity);
    atomic_store(&owner, getpid());
    make_mark();
    record_file_start();
    thread_prepare();
    engine_start(&options);
    stage_start();
    sites_start(&options);
    if (process_function("malloc") != (void *)malloc)
        life_note(
            "the process's malloc is another one (preloaded before autopin, or the program's own): its blocks are not "
            "promoted");
    if (arena_start())
        life_note("no address space could be reserved: large blocks are left to the program's own allocator");
    if (options.backend == OPTION_BACKEND_AUTO || options.backend == OPTION_BACKEND_MLOCK)
        engine_use_backend(BACKEND_MLOCK);
    trace_start(&options);
}

int life_on(void)
{
    uint32_t seen = LIFE_UNBORN;
    if (life_is_on())
        return 1;
    if (!atomic_compare_exchange_strong(&life_state, &seen, LIFE_STARTING))
        return seen == LIFE_ON;
    self_enter();
    int on = 0;
    thread_with_room(start, &on);
    if (on) {
        next_resolve();
        life_threshold = life_min_size = options.min_size;
    } else {
        life_threshold = SIZE_MAX;
    }
    atomic_store_explicit(&life_state, on ? LIFE_ON : LIFE_OFF, memory_order_release);
    prim_wake(&life_state);
    self_leave();
    return on;
}

/* --- fork -----------------------------------------------------------------------------------------------------------
 */

/* Another thread may be starting autopin; what it holds must not be held in the child. */
static void wait_started(void)
{
    const uint64_t begin = prim_now_ns();
    while (atomic_load(&life_state) == LIFE_STARTING && !self.busy && prim_now_ns() - begin < START_NS)
        prim_wait(&life_state, LIFE_STARTING);
}

/* Takes every lock, in the order of their ranks. */
static void take_all(void)
{
    app_ranges_fork_take();
    flight_fork_take();
    engine_fork_take();
    arena_fork_take();
    mem_fork_take();
    record_fork_take();
    bounce_fork_take();
    ring_fork_take();
    team_fork_take();
    unwind_fork_take();
    lock_forking = LOCK_FORKING;
}

static void fork_prepare(void)
{
    wait_started();
    if (!life_is_on())
        return;
    life_notice_fork();
    unwind_fork_prepare();
    take_all();
}

static void inner_drop(void)
{
    lock_forking = 0;
    team_fork_drop();
    ring_fork_drop();
    bounce_fork_drop();
    record_fork_drop();
    mem_fork_drop();
    arena_fork_drop();
}

static void fork_parent(void)
{
    if (!lock_forking) /* there was nothing to take: autopin may have begun since, in another thread */
        return;
    inner_drop();
    unwind_fork_drop();
    engine_fork_parent();
    flight_fork_drop();
    app_ranges_fork_drop();
}

static void fork_child(void)
{
    if (!lock_forking)
        return;
    inner_drop();
    record_fork_child(); /* first: what is counted from here on is the child's */
    module_fork_child();
    unwind_fork_child();
    lane_fork_child();
    atomic_store(&owner, getpid());
    life_threshold = life_min_size = options.min_size; /* own_heap.c may have lowered it */
    worker_fork_child();
    report_fork_child();
    trace_fork_child(&options);
    engine_fork_child();
    flight_fork_drop();
    flight_fork_child();
    stage_begin_fork_child();
    ring_fork_child();
    team_fork_child();
    app_ranges_fork_drop();
    if (life_mark)
        atomic_store(life_mark, MARK_CHILD);
    else
        record_open();
}

void life_forked(void)
{
    uint32_t seen = MARK_CHILD;
    if (atomic_compare_exchange_strong(life_mark, &seen, MARK_HERE)) {
        record_open();
        return;
    }
    seen = MARK_WIPED;
    if (!atomic_compare_exchange_strong(life_mark, &seen, MARK_FORGETTING)) {
        while (atomic_load(life_mark) == MARK_FORGETTING)
            prim_wait(life_mark, MARK_FORGETTING);
        return;
    }
    lock_forking = LOCK_SEIZING;
    take_all();
    fork_child();
    atomic_store(life_mark, MARK_HERE);
    prim_wake(life_mark);
    record_open();
}

/* Registered before the program's own handlers, so that ours run last before a fork and first after it.
 * A weak reference: musl has no such symbol (rule 48). */
int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso)
    __attribute__((weak));

/* glibc passes what main() is given; others may not. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

__attribute__((constructor)) static void constructor(int argc, char **argv)
{
    if (gnu_get_libc_version)
        record_arguments = (struct record_arguments){argv, argc};
    if (__register_atfork)
        __register_atfork(fork_prepare, fork_parent, fork_child, NULL);
}
