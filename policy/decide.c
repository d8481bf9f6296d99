/* Decisions: see decide.h.  Pure functions of counters and costs. */
#include "decide.h"

#include "cost.h"
#include "hot.h"
#include "ledger.h"
#include "rent.h"
#include "tally.h"

enum {
    MARGIN = 8, /* so much of its price more than what it replaces a block must be worth */
    STALE = 16  /* half-lives without a copy */
};

static const uint64_t LEAST_HALF_LIFE_NS = 100000;

static uint64_t site_copies(const struct site *site)
{
    uint64_t copies = 0;
    for (int dir = 0; dir < DIR_COUNT; dir++)
        for (int way = 0; way < WAY_COUNT; way++)
            copies += count_get(&site->count[dir][way].copies);
    return copies;
}

uint64_t decide_price_ns(const struct block *block)
{
    return cost_pin_parts_ns(block->bytes, 0, atomic_load_explicit(&block->site->huge, memory_order_relaxed));
}

enum reason decide_after_copy(const struct site *site, const struct block *block, enum direction dir)
{
    switch (site->promote.mode) {
    case PROMOTE_NEVER:
        return REASON_NEVER;
    case PROMOTE_ALWAYS:
        return REASON_ALWAYS;
    case PROMOTE_AFTER:
        return site_copies(site) >= site->promote.after ? REASON_AFTER : REASON_NOT_YET;
    default:
        return cost_no_gain(dir) ? REASON_NO_GAIN : rent_reason(block, decide_price_ns(block));
    }
}

enum reason decide_at_free(const struct site *site, const struct block *block)
{
    switch (site->promote.mode) {
    case PROMOTE_NEVER:
        return REASON_NEVER;
    case PROMOTE_ALWAYS:
        return REASON_ALWAYS;
    case PROMOTE_AFTER:
        return tally_has_served(site, site->promote.after) ? REASON_AFTER : REASON_NOT_YET;
    default:
        if (count_get(&site->paid_ns) < decide_price_ns(block))
            return REASON_NOT_YET;
        return tally_has_served(site, 2) ? REASON_RECURS : REASON_NOT_YET;
    }
}

/* --- worth ----------------------------------------------------------------------------------------------------------
 */

static HOT_DATA _Atomic uint64_t clock_ns;

uint64_t worth_clock(void)
{
    return count_get(&clock_ns);
}

/* So that it halves while everything that is pinned pays (or saves) once what it costs. */
static uint64_t half_life(void)
{
    const uint64_t price = cost_pin_ns(ledger_bytes());
    return price > LEAST_HALF_LIFE_NS ? price : LEAST_HALF_LIFE_NS;
}

/* 2 to the power of -x, for x from 0 to 1: within 0.1 %. */
static double fade(double x)
{
    return 1 - x * (0.6931 - x * (0.2402 - x * 0.0471));
}

uint64_t worth_get(const struct block *block, uint64_t clock)
{
    const uint64_t at = atomic_load_explicit(&block->worth_at, memory_order_relaxed);
    const uint64_t worth = atomic_load_explicit(&block->worth_ns, memory_order_relaxed);
    const uint64_t life = half_life(), halvings = clock > at ? (clock - at) / life : 0;
    if (halvings > 63)
        return 0;
    const double part = clock > at ? (double)((clock - at) % life) / (double)life : 0;
    return (uint64_t)((double)(worth >> halvings) * fade(part));
}

void worth_set(struct block *block, uint64_t ns)
{
    atomic_store_explicit(&block->worth_ns, ns, memory_order_relaxed);
    atomic_store_explicit(&block->bid_ns, ns, memory_order_relaxed);
    atomic_store_explicit(&block->worth_at, worth_clock(), memory_order_relaxed);
    atomic_store_explicit(&block->bid_at, worth_clock(), memory_order_relaxed);
}

/* Two threads adding at once may lose one of the two amounts: worth is an estimate, and this is the hot path. */
void worth_add(struct block *block, uint64_t ns)
{
    const uint64_t clock = atomic_fetch_add_explicit(&clock_ns, ns, memory_order_relaxed) + ns;
    const uint64_t worth = worth_get(block, clock);
    atomic_store_explicit(&block->bid_ns, worth, memory_order_relaxed);
    atomic_store_explicit(&block->bid_at, count_get(&block->worth_at), memory_order_relaxed);
    atomic_store_explicit(&block->worth_at, clock, memory_order_relaxed);
    atomic_store_explicit(&block->worth_ns, worth + ns, memory_order_relaxed);
}

/* `left` of block a against `right` of block b, by what either takes up. */
static int compare(const struct block *a, uint64_t left, const struct block *b, uint64_t right)
{
    const double first = (double)left * (double)b->pin_bytes, second = (double)right * (double)a->pin_bytes;
    return first < second ? -1 : first > second;
}

int worth_less(const struct block *a, const struct block *b, uint64_t clock)
{
    if (a->site->priority != b->site->priority)
        return a->site->priority < b->site->priority;
    const int order = compare(a, worth_get(a, clock), b, worth_get(b, clock));
    if (order != 0)
        return order < 0;
    return block_state(a) == BLOCK_QUARANTINED && block_state(b) != BLOCK_QUARANTINED;
}

/* Whether it has been copied before, or earlier blocks of its site have paid for it. */
static int is_known(const struct block *candidate)
{
    return atomic_load_explicit(&candidate->copies, memory_order_relaxed) >= 2 ||
           count_get(&candidate->site->left_ns) >= decide_price_ns(candidate);
}

/* Whether a pinned block has not been copied for so long that it gives way to any that is, and twice in half that time.
 * What both are worth by then may be next to nothing. */
static int is_stale(const struct block *pinned, const struct block *candidate, uint64_t clock)
{
    const uint64_t idle = clock - count_get(&pinned->worth_at);
    const uint64_t apart = count_get(&candidate->worth_at) - count_get(&candidate->bid_at);
    return (int64_t)idle > 0 && idle >= STALE * half_life() && idle / 2 >= apart && is_known(candidate);
}

int worth_outbids(const struct block *candidate, const struct block *pinned, uint64_t clock)
{
    if (candidate->site->priority != pinned->site->priority)
        return candidate->site->priority > pinned->site->priority;
    if (is_stale(pinned, candidate, clock))
        return 1;
    const int resting = block_state(pinned) == BLOCK_QUARANTINED;
    const uint64_t bid = count_get(&candidate->bid_ns), margin = resting ? 0 : cost_pin_ns(pinned->pin_bytes) / MARGIN;
    const int order = compare(candidate, bid, pinned, worth_get(pinned, clock) + margin);
    return order > 0 || (order == 0 && resting);
}
