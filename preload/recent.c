/* Recent stacks of a thread.  See recent.h.
 *
 * Where the return addresses lie is asked of libunwind frame by frame, which is slow without its cache; so only of a
 * stack that has come up several times.  A frame of variable size between two known ones moves the outer addresses: the
 * comparison then fails and the stack is unwound as ever. */
#include "recent.h"

#include <string.h>

#include "policy/site.h"
#include "self.h"
#include "unwind.h"

enum {
    RECENT = 4,
    WORTH_IT = 8 /* times a stack must have come up */
};

struct stack {
    const uintptr_t *at[SITE_FRAMES]; /* where each return address lies; at[0] identifies the stack */
    uintptr_t pc[SITE_FRAMES];
    struct site *site;
    unsigned n; /* 0: not known where they lie */
    unsigned size_log2, seen;
};

static __thread struct stack recent[RECENT] __attribute__((tls_model("initial-exec")));

static struct stack *entry_for(const uintptr_t *slot, unsigned size_log2)
{
    return &recent[(((uintptr_t)slot >> 4) ^ size_log2) % RECENT];
}

struct site *recent_find(const uintptr_t *slot, unsigned size_log2)
{
    const struct stack *stack = entry_for(slot, size_log2);
    if (stack->n == 0 || stack->at[0] != slot || stack->size_log2 != size_log2)
        return NULL;
    for (unsigned i = 0; i < stack->n; i++)
        if (*stack->at[i] != stack->pc[i])
            return NULL;
    return stack->site;
}

void recent_seen(const uintptr_t *slot, unsigned size_log2, const uintptr_t *pcs, unsigned n, struct site *site)
{
    struct stack *stack = entry_for(slot, size_log2);
    if (stack->at[0] != slot || stack->site != site || stack->size_log2 != size_log2) {
        *stack = (struct stack){.at = {slot}, .site = site, .size_log2 = size_log2};
        return;
    }
    if (++stack->seen != WORTH_IT)
        return;
    const uintptr_t *at[SITE_FRAMES];
    if (!unwind_slots(slot, pcs, n, at))
        return;
    memcpy(stack->at, at, sizeof at[0] * n);
    memcpy(stack->pc, pcs, sizeof pcs[0] * n);
    stack->n = n;
}
