/* The stacks that this thread has allocated from lately, so that a loop neither unwinds nor walks each time.
 *
 * A stack is known again by the return addresses lying where they lay: each is read from the stack and compared.  The
 * one that came after the last one before is looked at first, then the last one, then one that is known by where its
 * innermost return address lies: a walk is a chain of loads that depend on each other, these comparisons do not.  Each
 * thread has its own (lane.h); no lock. */
#ifndef AUTOPIN_RECENT_H
#define AUTOPIN_RECENT_H

#include <stdint.h>

#include "policy/block.h"
#include "walk.h"

enum {
    RECENT_SLOTS = 8,
    RECENT_STACKS = 64,
    RECENT_SITES = 128
};

struct recent_stack {
    uint64_t owner;            /* of the lane, when it was entered: the thread it belongs to */
    const uintptr_t *slot;     /* where the innermost return address lies */
    struct recent_stack *next; /* which came after it last time */
    struct block *block;       /* that was served there last; or NULL */
    struct site *site;
    unsigned size_log2, n;       /* n == 0: its return addresses are not known, or not worth it yet */
    uint32_t place[SITE_FRAMES]; /* where they lie, in words from the slot */
    uintptr_t pc[SITE_FRAMES];
    uint64_t hash; /* of one that was walked */
    unsigned seen;
};

/* Part of a lane. */
struct recent {
    struct recent_stack *last;  /* that was found or walked; NULL: none yet */
    unsigned unknown, patience; /* walks that failed since something was learnt, and how many are to be borne */
    unsigned n_walked;          /* stacks entered in `walked` */
    struct recent_stack at[RECENT_SLOTS]; /* by the slot */
    struct recent_stack walked[RECENT_STACKS];
    struct recent_walk {
        uint64_t hash; /* of a stack and a size class */
        struct recent_stack *stack;
    } walk[RECENT_SITES];
};

/* The stack whose innermost return address lies at `slot`, for this size class.  NULL: walk. */
struct recent_stack *recent_find(const uintptr_t *slot, unsigned size_log2);

/* The stack that was found or walked last, if it is that one; else as recent_find().  For who asks a second time. */
struct recent_stack *recent_find_again(const uintptr_t *slot, unsigned size_log2);

/* The block was served to the stack that was found or walked last, if it is of its site.  NULL: none was. */
void recent_served(struct block *block);

/* A stack has been walked, and has this hash and site.  recent_find() will find it after the one that came before; and
 * in any case if it was the last one at its slot as well. */
void recent_walked(const struct trace *trace, unsigned size_log2, uint64_t hash, struct site *site);

/* The site of a stack with this hash that was walked not long ago, or NULL. */
struct site *recent_site(uint64_t hash);

/* A stack was unwound, its innermost return address lying at `slot`.  When that has been done again and again, learns
 * where its frames lie. */
void recent_unwound(const uintptr_t *slot, const struct trace *trace, unsigned size_log2, struct site *site);

#endif
