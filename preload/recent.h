/* The stacks that this thread has allocated from lately, so that a loop does not unwind each time.
 *
 * A stack is known again by the return addresses lying where they lay: each is read from the stack and compared, inner
 * frames first.  Each thread has its own (lane.h); no lock.  x86-64 only; elsewhere nothing is ever known. */
#ifndef AUTOPIN_RECENT_H
#define AUTOPIN_RECENT_H

#include <stddef.h>
#include <stdint.h>

#include "policy/site.h"

enum {
    RECENT_STACKS = 8
};

struct stack {
    uint64_t owner;                   /* of the lane, when it was entered: the thread it belongs to */
    const uintptr_t *at[SITE_FRAMES]; /* where each return address lies; at[0] identifies the stack */
    uintptr_t pc[SITE_FRAMES];
    struct site *site;
    unsigned n; /* 0: not known where they lie */
    unsigned size_log2, seen;
};

/* Part of a lane. */
struct recent {
    struct stack stack[RECENT_STACKS];
};

/* The site of the stack whose innermost return address lies at `slot`, for this size class; NULL: unwind. */
struct site *recent_find(const uintptr_t *slot, unsigned size_log2);

/* A stack was unwound (n return addresses, innermost first) and belongs to that site. */
void recent_seen(const uintptr_t *slot, unsigned size_log2, const uintptr_t *pcs, unsigned n, struct site *site);

#endif
