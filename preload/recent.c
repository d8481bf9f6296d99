/* Recent stacks of a thread.  See recent.h.  x86-64 only: elsewhere nobody knows where return addresses lie (unwind.c).
 *
 * A frame of variable size between two known ones moves the outer addresses: the comparison then fails, and the stack
 * is walked or unwound as ever. */
#include "recent.h"

#include "lane.h"
#include "unwind.h"

enum {
    WORTH_IT = 8, /* times in a row that a stack must have come up that cannot be walked */
    PATIENCE = 8,
    PATIENCE_MOST = 1 << 16
};

static struct recent_stack *entry_for(struct lane *lane, const uintptr_t *slot, unsigned size_log2)
{
    return &lane->recent.at[(((uintptr_t)slot >> 4) ^ size_log2) % RECENT_SLOTS];
}

static uint64_t owner_of(const struct lane *lane)
{
    return atomic_load_explicit(&lane->owner, memory_order_relaxed);
}

static int is_for(const struct lane *lane, const struct recent_stack *stack, const uintptr_t *slot, unsigned size_log2)
{
    return stack->slot == slot && stack->size_log2 == size_log2 && stack->owner == owner_of(lane);
}

static inline int is_now(const struct lane *lane, const struct recent_stack *stack, const uintptr_t *slot,
                         unsigned size_log2)
{
    if (stack->n == 0 || !is_for(lane, stack, slot, size_log2))
        return 0;
    for (unsigned i = 0; i < stack->n; i++)
        if (slot[stack->place[i]] != stack->pc[i])
            return 0;
    return 1;
}

static struct recent_stack *last_if_now(const uintptr_t *slot, unsigned size_log2)
{
    const struct lane *lane = self.lane;
    struct recent_stack *last = lane ? lane->recent.last : NULL;
    return last && is_now(lane, last, slot, size_log2) ? last : NULL;
}

static struct recent_stack *follows(struct recent *recent, struct recent_stack *stack)
{
    if (recent->last)
        recent->last->next = stack;
    return recent->last = stack;
}

struct recent_stack *recent_find(const uintptr_t *slot, unsigned size_log2)
{
    struct lane *lane = lane_mine();
    if (!lane)
        return NULL;
    struct recent *recent = &lane->recent;
    struct recent_stack *stack = recent->last ? recent->last->next : NULL;
    if (LIKELY(stack && is_now(lane, stack, slot, size_log2)))
        return recent->last = stack;
    if ((stack = last_if_now(slot, size_log2)))
        return follows(recent, stack);
    stack = entry_for(lane, slot, size_log2);
    return is_now(lane, stack, slot, size_log2) ? follows(recent, stack) : NULL;
}

struct recent_stack *recent_find_again(const uintptr_t *slot, unsigned size_log2)
{
    struct recent_stack *last = last_if_now(slot, size_log2);
    return last ? last : recent_find(slot, size_log2);
}

void recent_served(struct block *block)
{
    struct recent_stack *last = block && self.lane ? self.lane->recent.last : NULL;
    if (last && last->site == atomic_load_explicit(&block->site, memory_order_relaxed))
        last->block = block;
}

static void enter(const struct lane *lane, struct recent_stack *stack, const uintptr_t *slot, unsigned size_log2,
                  struct site *site)
{
    stack->owner = owner_of(lane);
    stack->slot = slot;
    stack->block = NULL;
    stack->site = site;
    stack->size_log2 = size_log2;
    stack->n = 0;
}

static void enter_places(struct recent_stack *stack, const struct trace *trace)
{
    for (unsigned i = 0; i < trace->n; i++) {
        const uintptr_t words = (uintptr_t)(trace->at[i] - trace->at[0]);
        if (words != (uint32_t)words)
            return;
        stack->place[i] = (uint32_t)words;
        stack->pc[i] = trace->pc[i];
    }
    stack->n = trace->n;
}

/* Whether this stack was the last one here; if not, it is now. */
static int comes_again(const struct lane *lane, struct recent_stack *stack, const uintptr_t *slot, unsigned size_log2,
                       struct site *site)
{
    if (stack->site == site && is_for(lane, stack, slot, size_log2))
        return 1;
    enter(lane, stack, slot, size_log2, site);
    stack->seen = 0;
    return 0;
}

static struct recent_stack *walked(const struct recent_walk *walk, uint64_t hash)
{
    return walk->hash == hash && walk->stack && walk->stack->hash == hash ? walk->stack : NULL;
}

void recent_walked(const struct trace *trace, unsigned size_log2, uint64_t hash, struct site *site)
{
    struct lane *lane = lane_mine();
    if (!lane)
        return;
    struct recent *recent = &lane->recent;
    struct recent_walk *walk = &recent->walk[hash % RECENT_SITES];
    struct recent_stack *stack = walked(walk, hash), *at = entry_for(lane, trace->at[0], size_log2);
    if (!stack)
        stack = &recent->walked[recent->n_walked++ % RECENT_STACKS];
    enter(lane, stack, trace->at[0], size_log2, site);
    enter_places(stack, trace);
    stack->hash = hash;
    *walk = (struct recent_walk){hash, stack};
    follows(recent, stack);
    if (comes_again(lane, at, trace->at[0], size_log2, site))
        enter_places(at, trace);
}

struct site *recent_site(uint64_t hash)
{
    const struct lane *lane = lane_mine();
    const struct recent_stack *stack = lane ? walked(&lane->recent.walk[hash % RECENT_SITES], hash) : NULL;
    return stack ? stack->site : NULL;
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
        enter_places(stack, &placed);
    if (walk_learn(&placed))
        lane->recent.patience = PATIENCE;
    else if (lane->recent.patience < PATIENCE_MOST)
        lane->recent.patience *= 2;
}
