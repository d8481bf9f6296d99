/* Recent stacks of a thread.  See recent.h.  x86-64 only: elsewhere nobody knows where return addresses lie (unwind.c).
 *
 * A frame of variable size between two known ones moves the outer addresses: the comparison then fails, and the stack
 * is walked or unwound as ever. */
#include "recent.h"

#include <string.h>

#include "lane.h"
#include "unwind.h"

enum {
    WORTH_IT = 8, /* times in a row that a stack must have come up that cannot be walked */
    PATIENCE = 8,
    PATIENCE_MOST = 1 << 16
};

static struct recent_stack *entry_for(struct lane *lane, const uintptr_t *slot, unsigned size_log2)
{
    return &lane->recent.stack[(((uintptr_t)slot >> 4) ^ size_log2) % RECENT_STACKS];
}

static uint64_t owner_of(const struct lane *lane)
{
    return atomic_load_explicit(&lane->owner, memory_order_relaxed);
}

static int is_for(const struct lane *lane, const struct recent_stack *stack, const uintptr_t *slot, unsigned size_log2)
{
    return stack->trace.at[0] == slot && stack->size_log2 == size_log2 && stack->owner == owner_of(lane);
}

struct site *recent_find(const uintptr_t *slot, unsigned size_log2)
{
    struct lane *lane = lane_mine();
    const struct recent_stack *stack = lane ? entry_for(lane, slot, size_log2) : NULL;
    if (!stack || stack->trace.n == 0 || !is_for(lane, stack, slot, size_log2))
        return NULL;
    for (unsigned i = 0; i < stack->trace.n; i++)
        if (*stack->trace.at[i] != stack->trace.pc[i])
            return NULL;
    return stack->site;
}

/* Whether this stack was the last one here; if not, it is now. */
static int comes_again(const struct lane *lane, struct recent_stack *stack, const uintptr_t *slot, unsigned size_log2,
                       struct site *site)
{
    if (stack->site == site && is_for(lane, stack, slot, size_log2))
        return 1;
    stack->owner = owner_of(lane);
    stack->trace.n = 0;
    stack->trace.at[0] = slot;
    stack->site = site;
    stack->size_log2 = size_log2;
    stack->seen = 0;
    return 0;
}

void recent_walked(const struct trace *trace, unsigned size_log2, uint64_t hash, struct site *site)
{
    struct lane *lane = lane_mine();
    if (!lane)
        return;
    struct recent_stack *stack = entry_for(lane, trace->at[0], size_log2);
    lane->walked[hash % RECENT_SITES] = (struct recent_site){hash, site};
    if (comes_again(lane, stack, trace->at[0], size_log2, site))
        stack->trace = *trace;
}

struct site *recent_site(uint64_t hash)
{
    const struct lane *lane = lane_mine();
    const struct recent_site *known = lane ? &lane->walked[hash % RECENT_SITES] : NULL;
    return known && known->hash == hash ? known->site : NULL;
}

/* As often as it takes until there is nothing more to be learnt, and ever less often then. */
static int is_time_to_learn(struct recent *recent)
{
    if (recent->patience == 0)
        recent->patience = PATIENCE;
    if (++recent->unknown < recent->patience)
        return 0;
    recent->unknown = 0;
    return 1;
}

void recent_unwound(const uintptr_t *slot, const struct trace *trace, unsigned size_log2, struct site *site)
{
    struct lane *lane = lane_mine();
    if (!lane)
        return;
    struct recent_stack *stack = entry_for(lane, slot, size_log2);
    struct trace placed = *trace;
    const int worth_it = comes_again(lane, stack, slot, size_log2, site) && ++stack->seen == WORTH_IT;
    const int is_time = is_time_to_learn(&lane->recent);
    if ((!worth_it && !is_time) || !unwind_places(slot, &placed))
        return;
    if (worth_it)
        stack->trace = placed;
    if (walk_learn(&placed))
        lane->recent.patience = PATIENCE;
    else if (lane->recent.patience < PATIENCE_MOST)
        lane->recent.patience *= 2;
}
