/* Walking the stack by frame sizes that are known: tens of nanoseconds where an unwinder takes hundreds, or, where only
 * libgcc's may be used (unwind.c), thousands.
 *
 * From a return address to where the next one lies is the same distance each time, but for functions that keep a frame
 * pointer because their frames vary (alloca, alignment): stacks with them are left to the unwinder.  A walk that goes
 * astray all the same reads no address that is not this thread's stack, and most likely ends up with a stack that
 * nobody knows.  Owns the table of distances, which all threads share; no lock. */
#ifndef AUTOPIN_WALK_H
#define AUTOPIN_WALK_H

#include <stdint.h>

#include "policy/site.h"

/* A call stack: return addresses, innermost first, and where they lie. */
struct trace {
    unsigned n;
    unsigned fixed; /* bit i: from return address i to the next it is always as far; where an unwinder has told */
    uintptr_t pc[SITE_FRAMES];
    const uintptr_t *at[SITE_FRAMES];
};

/* The calling thread's, whose innermost return address lies at `slot`.  Returns whether every distance was known and
 * the stack is the one that the thread was started with. */
int walk_stack(const uintptr_t *slot, struct trace *trace);

/* Learns from a trace of the calling thread that an unwinder made, with places.  Returns whether there was anything to
 * be learnt. */
int walk_learn(const struct trace *trace);

/* Objects were unloaded: what is at an address may be something else. */
void walk_forget(void);

#endif
