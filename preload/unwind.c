/* Call stacks.  The one file that knows unwinders: libgcc's (gcc 12) and libunwind (Debian's 1.6.2).
 *
 * A thread's first stacks are unwound by libgcc's, which takes some 2 us; most are walked from then on (walk.h).  A
 * thread that goes on unwinding does so with libunwind, ten times faster, which costs it 256 KiB and the process 250
 * more, and is loaded then.  libgcc's is also what is left once the program has unloaded an object, and in a forked
 * child.
 *
 * libgcc's is a copy of autopin's own, out of libgcc_eh.a: nothing has to be loaded, it takes no lock (glibc ≥ 2.35:
 * _dl_find_object; the lock of the program's copy is for what just-in-time compilers register there, and stacks end for
 * this copy at such code), and a program of one thread stays one, for which glibc's malloc and stdio do without locks.
 *
 * libunwind is not linked: in DT_NEEDED of a preloaded object it takes over C++ exceptions of plugins (rule 39).  It is
 * loaded by a thread of autopin's, because dlopen waits for the loader's lock, whose holder may be waiting for a lock
 * that the thread inside malloc holds (Python's, for one).  (Not always: a thread that allocates costs 64 MiB of
 * address space, glibc's arena for it.)  Its global cache is switched off: it deadlocks against a malloc inside a
 * dl_iterate_phdr callback (rule 40).  It is kept from opening its pipe (unwind_private.c). */
#define _GNU_SOURCE
#include "unwind.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unwind.h>

#include "modules.h"
#include "own_heap.h"
#include "policy/lock.h"
#include "policy/prim.h"
#include "policy/site.h"
#include "self.h"
#include "threads.h"
#include "unwind_private.h"

enum {
    DEEPEST = SITE_FRAMES + 9, /* frames looked at, autopin's own included */
    GCC_FIRST = 64,            /* stacks of a thread before libunwind is worth it */
    CACHE_NONE = 0,
    RBP = 6, /* x86-64 ABI, figure 3.36: in DWARF */
};
static const uint64_t PATIENCE_LOADING_NS = 50000000, PATIENCE_WALKING_NS = 2000000000;

#if defined(__x86_64__)
#define UNW(name) "_ULx86_64_" name
#elif defined(__aarch64__)
#define UNW(name) "_ULaarch64_" name
#else
#define UNW(name) "_UL_" name
#endif

#pragma weak _dl_find_object /* in a child with another libc nothing is unwound (rule 48) */

static _Atomic int asked, distrusted; /* of libunwind: it is to be loaded, or not to be used any more */
static int (*_Atomic unw_backtrace)(void **buffer, int size); /* NULL: libgcc's is used */
static _Atomic uint32_t loading;                              /* by a thread of autopin's */
static _Atomic uint32_t walking; /* threads inside libunwind, which hold the loader's lock on its list at times */
static _Atomic uint32_t forking; /* none may enter */

static void load_libunwind(void)
{
    void *lib = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
    if (!lib || unwind_private_calls(lib))
        return;
    int (*set_policy)(void *, int) = (int (*)(void *, int))dlsym(lib, UNW("set_caching_policy"));
    void **space = dlsym(lib, UNW("local_addr_space"));
    int (*backtrace)(void **, int) = (int (*)(void **, int))dlsym(lib, "unw_backtrace");
    if (!set_policy || !space || !backtrace)
        return;
    set_policy(*space, CACHE_NONE);
    /* The first use of its thread-local data waits for the loader's lock (glibc 2.36, tls_get_addr_tail): here. */
    void *here[2];
    backtrace(here, 2);
    unw_backtrace = backtrace;
    if (distrusted)
        unw_backtrace = NULL;
}

static void *load(void *unused)
{
    (void)unused;
    self.busy++;
    (void)thread_leave_descriptors(); /* dlopen() opens files */
    own_heap_begin();
    load_libunwind();
    own_heap_end();
    atomic_store(&loading, 0);
    prim_wake(&loading);
    self.busy--;
    return NULL;
}

/* Once; not where this thread may hold a lock that the new one needs. */
static void ask_for_libunwind(void)
{
    uint32_t none = 0;
    if (asked || distrusted || self.in_callback || !atomic_compare_exchange_strong(&loading, &none, 1))
        return;
    asked = !atomic_load(&forking); /* else the child would inherit the loader's lock */
    if (!asked || thread_start(load, NULL)) {
        atomic_store(&loading, 0);
        prim_wake(&loading);
    }
}

static void walk_end(void)
{
    if (atomic_fetch_sub(&walking, 1) == 1 && atomic_load(&forking))
        prim_wake(&walking);
}

/* Not while a thread forks: the child would inherit the loader's lock. */
static void walk_begin(void)
{
    atomic_fetch_add(&walking, 1);
    while (atomic_load(&forking) && !lock_forking) {
        walk_end();
        prim_wait(&forking, 1);
        atomic_fetch_add(&walking, 1);
    }
}

struct walk {
    uintptr_t *pcs;
    const uintptr_t **at; /* where each lies; NULL: not asked for */
    uintptr_t *frame;     /* and what the frame pointer's register held */
    unsigned n, most;
};

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *arg)
{
    struct walk *walk = arg;
    if (walk->at) { /* x86-64 ABI, 3.4.5.1: the return address lies right below the CFA, which is the caller's */
        walk->at[walk->n] = (const uintptr_t *)_Unwind_GetCFA(context) - 1; /* NOLINT(performance-no-int-to-ptr) */
        walk->frame[walk->n] = _Unwind_GetGR(context, RBP);
    }
    walk->pcs[walk->n++] = _Unwind_GetIP(context);
    return walk->n < walk->most ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static unsigned gcc_stack(uintptr_t *pcs, const uintptr_t **at, uintptr_t *frame, unsigned most)
{
    struct walk walk = {pcs, at, frame, 0, most};
    if (&_dl_find_object)
        _Unwind_Backtrace(step, &walk);
    return walk.n;
}

static unsigned raw_stack(uintptr_t *pcs, unsigned most)
{
    if (self.unwound < GCC_FIRST)
        self.unwound++;
    else
        ask_for_libunwind();
    if (self.unwound < GCC_FIRST || !unw_backtrace)
        return gcc_stack(pcs, NULL, NULL, most);
    walk_begin();
    int (*const backtrace)(void **, int) = unw_backtrace;
    const int n = backtrace ? backtrace((void **)pcs, (int)most) : 0;
    walk_end();
    return n > 0 ? (unsigned)n : 0;
}

unsigned unwind_stack(uintptr_t *pcs, unsigned most, uintptr_t caller)
{
    uintptr_t all[DEEPEST];
    unsigned n = 0, from = 0;
    const unsigned found = raw_stack(all, DEEPEST);
    while (from < found && module_is_own(all[from]))
        from++;
    for (; from < found && n < most && all[from]; from++)
        pcs[n++] = all[from];
    if (n == 0)
        pcs[n++] = caller;
    return n;
}

/* Whether it is always as far from one return address to the next.  A function whose frame varies (alloca, alignment)
 * has a frame pointer: right below its return address, or below a copy of it where gcc aligns the stack. */
static int is_fixed(const uintptr_t *at, const uintptr_t *next_at, uintptr_t frame)
{
    if (frame <= (uintptr_t)at || frame >= (uintptr_t)next_at || frame % sizeof frame)
        return 1;
    return ((const uintptr_t *)frame)[1] != *next_at; /* NOLINT(performance-no-int-to-ptr) */
}

int unwind_places(const uintptr_t *slot, struct trace *trace)
{
    uintptr_t all[DEEPEST], frame[DEEPEST] = {0};
    const uintptr_t *all_at[DEEPEST] = {0};
    unsigned from = 0;
    const unsigned found = gcc_stack(all, all_at, frame, DEEPEST);
    while (from < found && module_is_own(all[from]))
        from++;
    if (found - from < trace->n || all_at[from] != slot)
        return 0;
    trace->fixed = 0;
    for (unsigned i = 0; i < trace->n; i++) {
        const uintptr_t *at = trace->at[i] = all_at[from + i];
        if (all[from + i] != trace->pc[i] || !thread_owns_stack(slot, at) || *at != trace->pc[i])
            return 0;
        if (i && is_fixed(trace->at[i - 1], at, frame[from + i - 1]))
            trace->fixed |= 1u << (i - 1);
    }
    return 1;
}

void unwind_distrust(void)
{
    distrusted = 1;
    unw_backtrace = NULL;
}

/* Until nobody is counted; not where this thread may hold the lock that they wait for.  Returns whether nobody is. */
static int wait_until_none(_Atomic uint32_t *count, uint64_t at_most_ns)
{
    const uint64_t begin = prim_now_ns();
    uint32_t seen;
    while ((seen = atomic_load(count)) && !self.in_callback && prim_now_ns() - begin < at_most_ns)
        prim_wait(count, seen);
    return seen == 0;
}

void unwind_fork_prepare(void)
{
    static _Atomic int in_vain; /* its thread waits for somebody else */
    if (!in_vain && !wait_until_none(&loading, PATIENCE_LOADING_NS))
        in_vain = 1;
}

void unwind_fork_take(void)
{
    atomic_store(&forking, 1);
    unwind_fork_prepare(); /* libunwind may have been asked for since */
    if (lock_forking != LOCK_SEIZING)
        (void)wait_until_none(&walking, PATIENCE_WALKING_NS);
}

void unwind_fork_drop(void)
{
    atomic_store(&forking, 0);
    prim_wake(&forking);
}

/* Another thread may have held the loader's lock, which libunwind takes, and libgcc does not (gcc 12, glibc 2.35). */
void unwind_fork_child(void)
{
    atomic_store(&walking, 0);
    atomic_store(&loading, 0);
    unwind_distrust();
    unwind_fork_drop();
}

const char *unwind_name(void)
{
    return !&_dl_find_object ? "none" : unw_backtrace ? "libunwind" : "libgcc";
}
