/* Recent stacks of a thread.  See recent.h.
 *
 * Where the return addresses lie is asked of libunwind frame by frame, which is slow without its cache; so only of a
 * stack that has come up several times.  A frame of variable size between two known ones moves the outer addresses: the
 * comparison then fails and the stack is unwound as ever. */
#include "recent.h"

#include <string.h>

#include "lane.h"
#include "unwind.h"

enum {
    WORTH_IT = 8 /* times a stack must have come up */
};

static struct stack *entry_for(struct lane *lane, const uintptr_t *slot, unsigned size_log2)
{
    return &lane->recent.stack[(((uintptr_t)slot >> 4) ^ size_log2) % RECENT_STACKS];
}

static uint64_t owner_of(const struct lane *lane)
{
    return atomic_load_explicit(&lane->owner, memory_order_relaxed);
}

struct site *recent_find(const uintptr_t *slot, unsigned size_log2)
{
    struct lane *lane = lane_mine();
    const struct stack *stack = lane ? entry_for(lane, slot, size_log2) : NULL;
    if (!stack || stack->n == 0 || stack->at[0] != slot || stack->size_log2 != size_log2 ||
        stack->owner != owner_of(lane))
        return NULL;
    for (unsigned i = 0; i < stack->n; i++)
        if (*stack->at[i] != stack->pc[i])
            return NULL;
    return stack->site;
}

void recent_seen(const uintptr_t *slot, unsigned size_log2, const uintptr_t *pcs, unsigned n, struct site *site)
{
    struct lane *lane = lane_mine();
    if (!lane)
        return;
    struct stack *stack = entry_for(lane, slot, size_log2);
    if (stack->owner != owner_of(lane) || stack->at[0] != slot || stack->site != site ||
        stack->size_log2 != size_log2) {
        *stack = (struct stack){.owner = owner_of(lane), .at = {slot}, .site = site, .size_log2 = size_log2};
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
