/* A lower bound on what any plan costs under the cap, knowing the future: the Lagrangian bound.
 *
 * The trace is cut into windows of a few copies each.  In each, the bytes that are pinned, on average over its copies,
 * are at most the cap: less than the cap asks for.  These conditions are given prices: a byte pinned throughout window
 * w costs price[w], and cap * price[w] is given back.  For whatever prices, the cheapest plan is then no dearer than
 * the cheapest one that keeps to the cap; and it falls apart into one plan for each block, found exactly by going
 * through its copies.  A block that could have got an earlier one's pinned slot is given it for nothing.  The prices
 * are then moved for a while to where the bound is highest (subgradient); every step gives a bound, the best is kept.
 */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

enum {
    WINDOWS = 1024,
    STEPS = 250,
};

struct dual {
    const struct trace *trace;
    const struct lives *lives;
    double price[WINDOWS];      /* ns per byte for a whole window */
    double before[WINDOWS + 1]; /* their sum up to a window */
    double
        used[WINDOWS + 1]; /* bytes pinned on average by the cheapest plans; while they are added up, how it changes */
    unsigned *copies;      /* up to an event */
    uint8_t *choice;       /* for each copy: 1 pinned before it, 2 pinned right after it, 4 unpinned right after it */
    uint8_t *served;       /* for each block: there is an earlier one whose slot it could get */
};

static double window_of(const struct dual *dual, unsigned at)
{
    return (double)dual->copies[at] * WINDOWS / (dual->lives->n_copies + 1);
}

/* The price of a byte from the start up to event `at`. */
static double priced(const struct dual *dual, unsigned at)
{
    const double place = window_of(dual, at);
    const unsigned window = (unsigned)place;
    return dual->before[window] + (place - window) * dual->price[window];
}

/* Counts the bytes as pinned from an event on; `bytes` < 0: no longer. */
static void use(struct dual *dual, unsigned from, double bytes)
{
    const double place = window_of(dual, from);
    const unsigned window = (unsigned)place;
    dual->used[window] += bytes * (window + 1 - place);
    dual->used[window + 1] += bytes * (place - window);
}

/* Goes back through a block's choices from its last copy. */
static void trace_back(struct dual *dual, const struct life *life, int pinned)
{
    for (unsigned i = life->n_copies; i-- > 0;) {
        const uint8_t choice = dual->choice[life->first + i];
        if (pinned && (choice & 2))
            pinned = 0;
        else if (!pinned && (choice & 4))
            pinned = 1;
        if (pinned) {
            use(dual, i ? dual->lives->copy[life->first + i - 1] : life->born, (double)life->bytes);
            use(dual, dual->lives->copy[life->first + i], -(double)life->bytes);
        }
    }
}

/* The cheapest plan of one block at these prices. */
static double block_cost(struct dual *dual, unsigned which)
{
    const struct life *life = &dual->lives->life[which];
    const struct machine *machine = dual->trace->machine;
    const double pin = (double)pin_ns(machine, life->bytes, life->resident);
    const double unpin = (double)unpin_ns(machine, life->bytes);
    double plain = 0, pinned = dual->served[which] ? 0 : 1e300;
    unsigned before = life->born;
    for (unsigned i = 0; i < life->n_copies; i++) {
        const unsigned at = dual->lives->copy[life->first + i];
        const struct event *event = &dual->trace->event[at];
        uint8_t *choice = &dual->choice[life->first + i];
        plain += (double)excess_ns(machine, event->dir, event->amount);
        pinned += (double)life->bytes * (priced(dual, at) - priced(dual, before));
        before = at;
        *choice = 0;
        if (plain + pin < pinned) {
            pinned = plain + pin;
            *choice = 2;
        } else if (pinned + unpin < plain) {
            plain = pinned + unpin;
            *choice = 4;
        }
    }
    trace_back(dual, life, pinned < plain);
    return pinned < plain ? pinned : plain;
}

static double dual_value(struct dual *dual)
{
    double value = 0;
    memset(dual->used, 0, sizeof dual->used);
    for (unsigned w = 0; w < WINDOWS; w++)
        dual->before[w + 1] = dual->before[w] + dual->price[w];
    for (unsigned i = 0; i < dual->trace->n_blocks; i++)
        value += block_cost(dual, i);
    for (unsigned w = 1; w < WINDOWS; w++)
        dual->used[w] += dual->used[w - 1];
    return value - (double)dual->trace->cap_bytes * dual->before[WINDOWS];
}

/* One step towards where the bound is higher: as far as would reach a value that can be reached. */
static void step(struct dual *dual, double value, double reached, double share)
{
    double square = 0;
    const double cap = (double)dual->trace->cap_bytes;
    for (unsigned w = 0; w < WINDOWS; w++)
        if (dual->used[w] > cap || dual->price[w] > 0)
            square += (dual->used[w] - cap) * (dual->used[w] - cap);
    if (square <= 0 || reached <= value)
        return;
    for (unsigned w = 0; w < WINDOWS; w++) {
        dual->price[w] += share * (reached - value) / square * (dual->used[w] - cap);
        dual->price[w] = dual->price[w] > 0 ? dual->price[w] : 0;
    }
}

/* A block may have got an earlier one's slot if one of its class was free: slots are used again before new ones are
 * made. */
static void find_served(const struct dual *dual)
{
    const struct life *life = dual->lives->life;
    for (unsigned i = 0; i < dual->trace->n_blocks; i++) {
        unsigned free_slots = 0;
        for (unsigned j = 0; j < i; j++) {
            if (class_of(life[j].bytes) != class_of(life[i].bytes))
                continue;
            free_slots += life[j].freed < life[i].born;
            free_slots -= dual->served[j];
        }
        dual->served[i] = free_slots > 0;
    }
}

uint64_t bound_ns(const struct trace *trace, const struct lives *lives, uint64_t reached_ns)
{
    struct dual dual = {.trace = trace, .lives = lives};
    double best = 0, share = 1;
    dual.choice = must_have(lives->n_copies, 1);
    dual.served = must_have(trace->n_blocks, 1);
    dual.copies = must_have(trace->n_events, sizeof *dual.copies);
    for (unsigned i = 0; i < trace->n_events; i++)
        dual.copies[i] = (i ? dual.copies[i - 1] : 0) + (trace->event[i].kind == EVENT_COPY);
    find_served(&dual);
    for (int i = 0; i < STEPS; i++) {
        const double value = dual_value(&dual);
        if (value > best)
            best = value;
        else if (i % 10 == 9)
            share *= 0.8;
        step(&dual, value, (double)reached_ns, share);
    }
    free(dual.choice);
    free(dual.served);
    free(dual.copies);
    return (uint64_t)best;
}
