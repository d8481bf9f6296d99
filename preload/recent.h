/* The stacks that this thread has allocated from lately, so that a loop does not unwind each time.
 *
 * A stack is known again by the return addresses lying where they lay: each is read from the stack and compared, inner
 * frames first.  Each thread has its own (lane.h); no lock. */
#ifndef AUTOPIN_RECENT_H
#define AUTOPIN_RECENT_H

#include <stdint.h>

#include "walk.h"

enum {
    RECENT_STACKS = 8,
    RECENT_SITES = 128
};

/* Part of a lane. */
struct recent {
    struct recent_stack {
        uint64_t owner;     /* of the lane, when it was entered: the thread it belongs to */
        struct trace trace; /* n == 0: not known, or not worth it yet; at[0] identifies the stack */
        struct site *site;
        unsigned size_log2, seen;
    } stack[RECENT_STACKS];
    unsigned unknown, patience; /* walks that failed since something was learnt, and how many are to be borne */
};

/* Likewise. */
struct recent_site {
    uint64_t hash; /* of a stack and a size class */
    struct site *site;
};

/* The site of the stack whose innermost return address lies at `slot`, for this size class.  NULL: walk. */
struct site *recent_find(const uintptr_t *slot, unsigned size_log2);

/* A stack has been walked, and has this hash and site.  If it was the last one here, recent_find() finds it from now
 * on.
 */
void recent_walked(const struct trace *trace, unsigned size_log2, uint64_t hash, struct site *site);

/* The site of a stack with this hash that was walked not long ago, or NULL. */
struct site *recent_site(uint64_t hash);

/* A stack was unwound, its innermost return address lying at `slot`.  When that has been done again and again, learns
 * where its frames lie. */
void recent_unwound(const uintptr_t *slot, const struct trace *trace, unsigned size_log2, struct site *site);

#endif
