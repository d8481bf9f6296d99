/* Pressure: see pressure.h. */
#include "pressure.h"

enum {
    PART_SOME = 4,  /* of what is pinned goes one part in so many while some tasks wait */
    PART_FULL = 2,  /* … while all do */
    PART_GROWN = 16 /* of max_pinned comes back one part in so many at a time */
};

static const uint64_t SETTLE_NS = 4000000000;
static const uint64_t CALM_NS = 10000000000, CALM_MOST_NS = 320000000000;
static const uint64_t GROW_NS = 2000000000;
static const uint64_t FORGET_NS = 600000000000; /* a cap that held for so long was no swing */

static uint64_t least(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static uint64_t above(uint64_t value, uint64_t bound)
{
    return value > bound ? value - bound : 0;
}

/* Whether tasks wait too much, and not for the reasons that have been dealt with. */
static int waits(struct pressure *state, const struct pressure_bounds *bounds, const struct pressure_seen *seen,
                 uint64_t now_ns)
{
    if (!bounds->most || seen->some == UINT64_MAX || seen->some < bounds->most) {
        state->watched = 0;
        return 0;
    }
    if (state->watched && now_ns - state->watched_ns < SETTLE_NS)
        return 0;
    const int falls = state->watched && seen->some < state->watched - state->watched / 8;
    state->watched = seen->some;
    state->watched_ns = now_ns;
    return !falls;
}

static void lower(struct pressure *state, uint64_t cap_bytes, uint64_t now_ns)
{
    if (!state->calm_ns || now_ns - state->lowered_ns > FORGET_NS)
        state->calm_ns = CALM_NS;
    else if (state->raised)
        state->calm_ns = least(2 * state->calm_ns, CALM_MOST_NS);
    state->cap_bytes = cap_bytes;
    state->lowered = 1;
    state->raised = 0;
    state->lowered_ns = now_ns;
    state->raise_ns = now_ns + state->calm_ns;
}

/* How much is available beyond what it takes to be calm. */
static uint64_t spare(const struct pressure_bounds *bounds, const struct pressure_seen *seen)
{
    return above(seen->available_bytes, bounds->min_free_bytes + bounds->min_free_bytes / 4);
}

static int is_calm(const struct pressure_bounds *bounds, const struct pressure_seen *seen)
{
    const int quiet = !bounds->most || seen->some == UINT64_MAX || seen->some < bounds->most - bounds->most / 2;
    return quiet && (!bounds->min_free_bytes || spare(bounds, seen));
}

/* Time that nobody looked at counts as calm when it ends in calm. */
static void grow(struct pressure *state, const struct pressure_bounds *bounds, const struct pressure_seen *seen,
                 uint64_t now_ns)
{
    if (!is_calm(bounds, seen)) {
        state->raise_ns = now_ns + state->calm_ns;
        return;
    }
    if (now_ns < state->raise_ns)
        return;
    const uint64_t steps = least(1 + (now_ns - state->raise_ns) / GROW_NS, PART_GROWN);
    const uint64_t more = least(steps * (bounds->cap_bytes / PART_GROWN + 1), spare(bounds, seen) / 2);
    state->raise_ns = now_ns + GROW_NS;
    state->cap_bytes += least(more, above(bounds->cap_bytes, state->cap_bytes));
    state->raised |= more != 0;
    state->lowered = state->cap_bytes < bounds->cap_bytes;
}

enum pressure_why pressure_look(struct pressure *state, const struct pressure_bounds *bounds,
                                const struct pressure_seen *seen, uint64_t pinned_bytes, uint64_t now_ns)
{
    const uint64_t cap = pressure_cap(state, bounds->cap_bytes), has = least(pinned_bytes, cap);
    const uint64_t missing = above(bounds->min_free_bytes, seen->available_bytes);
    uint64_t target = cap;
    if (missing)
        target = above(has, missing);
    if (waits(state, bounds, seen, now_ns)) {
        const int all = seen->full != UINT64_MAX && seen->full >= bounds->most;
        target = least(target, has - has / (all ? PART_FULL : PART_SOME));
    }
    if (target < cap) {
        lower(state, target, now_ns);
        return missing ? PRESSURE_FREE : PRESSURE_WAITING;
    }
    if (state->lowered)
        grow(state, bounds, seen, now_ns);
    return PRESSURE_NONE;
}
