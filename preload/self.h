/* What every file of the shared object needs: how a hook is exported, and the thread's own state.
 *
 * Owns the thread-local state (initial-exec: reachable before constructors run, never allocated). */
#ifndef AUTOPIN_SELF_H
#define AUTOPIN_SELF_H

#include <errno.h>

/* Exported.  The library is linked with -Bsymbolic-functions, so that the table of hooks holds our own addresses.  Not
 * "protected": of that glibc 2.36 warns on stderr when a program that is not position-independent refers to it. */
#define EXPORT __attribute__((visibility("default")))

/* Code that every program runs: the linker puts it next to what the loader reads anyway, so that a program that never
 * has a large block makes no other page of autopin's code resident (and takes no fault for one). */
#define NEAR_START  __attribute__((hot))

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

struct lane;

struct self {
    volatile int
        busy; /* inside autopin's own work: hooks pass straight on.  volatile: dlsym is declared leaf (gcc 12) */
    volatile int resolving; /* inside the search for the next allocator: malloc comes from the bootstrap arena */
    int in_callback; /* inside dl_iterate_phdr: the loader's lock is held, so nothing may wait for another of its locks
                      */
    int is_worker;   /* autopin's worker: what it does with files it does aside (aside.h) */
    int kick_later;  /* the worker was asked for in there, and could not be started */
    int errno_kept;
    int *errno_at;     /* where this thread's errno is, once known */
    struct lane *lane; /* lane.h */
    int laneless;      /* there is none to be had */
    int unwound;       /* how often its stack has been: unwind.c */
};

extern __thread struct self self __attribute__((tls_model("initial-exec")));

/* Autopin's own work begins and ends: the program's errno is kept. */
static inline void self_enter(void)
{
    if (self.busy++)
        return;
    if (UNLIKELY(!self.errno_at))
        self.errno_at = &errno;
    self.errno_kept = *self.errno_at;
}

static inline void self_leave(void)
{
    if (--self.busy == 0)
        *self.errno_at = self.errno_kept;
}

#endif
