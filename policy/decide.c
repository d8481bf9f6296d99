/* Decisions: see decide.h.  Pure functions of counters and costs. */
#include "decide.h"

#include "cost.h"

static const uint64_t WORTH_HALF_LIFE_NS = 4000000000ull;

int decide_site_hot(const struct site *site)
{
    return count_get(&site->pins) > 0 && count_get(&site->saved_ns) >= count_get(&site->pin_ns);
}

/* Ski-rental: pin once as much has been paid as pinning costs. */
static int paid_enough(const struct site *site, const struct block *block)
{
    return count_get(&site->paid_ns) >= cost_pin_ns(block->bytes);
}

static uint64_t site_copies(const struct site *site)
{
    uint64_t copies = 0;
    for (int dir = 0; dir < DIR_COUNT; dir++)
        for (int way = 0; way < WAY_COUNT; way++)
            copies += count_get(&site->count[dir][way].copies);
    return copies;
}

enum reason decide_after_copy(const struct site *site, const struct block *block)
{
    switch (site->promote.mode) {
    case PROMOTE_NEVER:
        return REASON_NEVER;
    case PROMOTE_ALWAYS:
        return REASON_ALWAYS;
    case PROMOTE_AFTER:
        return site_copies(site) >= site->promote.after ? REASON_AFTER : REASON_NOT_YET;
    default:
        if (decide_site_hot(site))
            return REASON_HOT;
        return paid_enough(site, block) ? REASON_PAID : REASON_NOT_YET;
    }
}

enum reason decide_at_free(const struct site *site, const struct block *block)
{
    const uint64_t blocks = count_get(&site->blocks);
    switch (site->promote.mode) {
    case PROMOTE_NEVER:
        return REASON_NEVER;
    case PROMOTE_ALWAYS:
        return REASON_ALWAYS;
    case PROMOTE_AFTER:
        return blocks >= site->promote.after ? REASON_AFTER : REASON_NOT_YET;
    default:
        return blocks >= 2 && paid_enough(site, block) ? REASON_RECURS : REASON_NOT_YET;
    }
}

uint64_t worth_get(const struct block *block, uint64_t now_ns)
{
    const uint64_t at = atomic_load_explicit(&block->worth_at_ns, memory_order_relaxed);
    const uint64_t worth = atomic_load_explicit(&block->worth_ns, memory_order_relaxed);
    const uint64_t halvings = now_ns > at ? (now_ns - at) / WORTH_HALF_LIFE_NS : 0;
    return halvings > 63 ? 0 : worth >> halvings;
}

/* Two threads adding at once may lose one of the two amounts: worth is an estimate, and this is the hot path. */
void worth_add(struct block *block, uint64_t ns, uint64_t now_ns)
{
    const uint64_t at = atomic_load_explicit(&block->worth_at_ns, memory_order_relaxed);
    const uint64_t halvings = now_ns > at ? (now_ns - at) / WORTH_HALF_LIFE_NS : 0;
    const uint64_t worth = worth_get(block, now_ns);
    if (halvings)
        atomic_store_explicit(&block->worth_at_ns, halvings > 63 ? now_ns : at + halvings * WORTH_HALF_LIFE_NS,
                              memory_order_relaxed);
    atomic_store_explicit(&block->worth_ns, worth + ns, memory_order_relaxed);
}

int worth_less(const struct block *a, const struct block *b, uint64_t now_ns)
{
    if (a->site->priority != b->site->priority)
        return a->site->priority < b->site->priority;
    const double left = (double)worth_get(a, now_ns) * (double)b->pin_bytes;
    const double right = (double)worth_get(b, now_ns) * (double)a->pin_bytes;
    if (left != right)
        return left < right;
    return block_state(a) == BLOCK_QUARANTINED && block_state(b) != BLOCK_QUARANTINED;
}
