/* Tuning: the curve of caps, its knee, and what `promote` of each site is worth under it.  See replay.h.  Every figure
 * is the difference of two replays. */
#include "scripts/replay/tune.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    POINTS = 8
};
static const uint64_t MIB = 1 << 20;
static const double KNEE = 0.05;          /* of what can be gained, so much is not worth more memory */
static const uint64_t LEAST_NS = 1000000; /* what a line has to gain, */
static const uint64_t LEAST_PART = 200;   /* and this part of everything */

static uint64_t cost_of(const struct plan *plan, unsigned without)
{
    char text[TUNE_CONF_BYTES];
    struct outcome outcome;
    plan_write(plan, without, 0, text);
    replay_conf(plan->recorded, text, &outcome);
    return replay_cost(&outcome);
}

/* --- the curve --- */

struct point {
    uint64_t cap, cost;
    struct outcome outcome;
};

/* Caps to look at: those asked for, or parts of what was copied and lived at once.  Returns how many. */
static unsigned points(const struct plan *plan, const uint64_t *caps, unsigned n_caps, struct point point[CAPS_MOST])
{
    static const unsigned eighths[POINTS] = {1, 2, 3, 4, 5, 6, 8, 10};
    unsigned n = 0;
    for (unsigned i = 0; i < n_caps; i++)
        point[n++].cap = caps[i];
    for (unsigned i = 0; i < POINTS && !n_caps; i++) {
        const uint64_t cap = (plan->recorded->peak_bytes / 8 * eighths[i] + MIB - 1) / MIB * MIB;
        if (n == 0 || cap != point[n - 1].cap)
            point[n++].cap = cap;
    }
    return n;
}

/* The smallest cap that leaves out no more than the KNEE. */
static unsigned find_knee(const struct point *point, unsigned n, uint64_t none)
{
    uint64_t least = none;
    unsigned knee = 0;
    for (unsigned i = 0; i < n; i++)
        least = point[i].cost < least ? point[i].cost : least;
    for (unsigned i = 0; i < n; i++) {
        const int enough = (double)point[i].cost <= (double)least + KNEE * (double)(none - least);
        const int was_enough = (double)point[knee].cost <= (double)least + KNEE * (double)(none - least);
        if (enough && (!was_enough || point[i].cap < point[knee].cap))
            knee = i;
    }
    return knee;
}

static void choose_cap(struct plan *plan, const uint64_t *caps, unsigned n_caps)
{
    struct point point[CAPS_MOST] = {0};
    struct outcome outcome;
    const unsigned n = points(plan, caps, n_caps, point);
    replay_cap(plan->recorded, 0, &outcome);
    const uint64_t none = replay_cost(&outcome);
    for (unsigned i = 0; i < n; i++) {
        replay_cap(plan->recorded, point[i].cap, &point[i].outcome);
        point[i].cost = replay_cost(&point[i].outcome);
    }
    const unsigned knee = find_knee(point, n, none);
    fprintf(stderr, "%-12s %12s %12s %12s  of copies, pins and unpins\n", "cap", "seconds", "gain, s", "pinned");
    fprintf(stderr, "%-12s %12.6f\n", "none", (double)none / 1e9);
    for (unsigned i = 0; i < n; i++)
        fprintf(stderr, "%-12s %12.6f %12.6f %12s%s\n", quantity_bytes(point[i].cap).text, (double)point[i].cost / 1e9,
                ((double)none - (double)point[i].cost) / 1e9, quantity_bytes(point[i].outcome.peak_bytes).text,
                i == knee ? "  <- the knee: more memory gains little" : "");
    plan->cap_bytes = point[knee].cost < none ? point[knee].cap : 0; /* 0: pinning gains nothing */
    plan->cap_gain_ns = none > point[knee].cost ? none - point[knee].cost : 0;
}

/* --- the sites --- */

/* Tries both, one site after the other, and keeps what gains. */
static void choose_promote(struct plan *plan)
{
    static const enum promote_mode tried[] = {PROMOTE_ALWAYS, PROMOTE_NEVER};
    uint64_t least = cost_of(plan, plan->n);
    for (unsigned i = 0; i < plan->n; i++) {
        enum promote_mode best = PROMOTE_AUTO;
        for (unsigned t = 0; t < sizeof tried / sizeof *tried; t++) {
            plan->proposal[i].promote = tried[t];
            const uint64_t cost = cost_of(plan, plan->n);
            if (cost + LEAST_NS <= least && cost + least / LEAST_PART <= least) {
                least = cost;
                best = tried[t];
            }
        }
        plan->proposal[i].promote = best;
    }
    for (unsigned i = 0; i < plan->n; i++) {
        struct proposal *proposal = &plan->proposal[i];
        if (proposal->promote == PROMOTE_AUTO)
            continue;
        const uint64_t without = cost_of(plan, i);
        proposal->gain_ns = without > least ? without - least : 0;
        if (proposal->gain_ns == 0)
            proposal->promote = PROMOTE_AUTO; /* the others have made it useless */
    }
}

static void say_sites(const struct plan *plan)
{
    static const char *const words[] = {"auto", "always", "never", "after"};
    fprintf(stderr, "\n%-28s %10s %8s %12s  %s\n", "site", "copied", "copies", "promote", "gain");
    for (unsigned i = 0; i < plan->n; i++) {
        const struct proposal *proposal = &plan->proposal[i];
        fprintf(stderr, "%-28s %10s %8" PRIu64 " %12s  %s\n", proposal->advice.name,
                quantity_bytes(proposal->of->copy_bytes).text, proposal->of->copies, words[proposal->promote],
                proposal->promote == PROMOTE_AUTO ? "-" : quantity_time(proposal->gain_ns).text);
    }
}

int tune(struct recorded *recorded, const uint64_t *caps, unsigned n_caps)
{
    static struct plan plan;
    char text[TUNE_CONF_BYTES];
    plan.recorded = recorded;
    if (!recorded->copies) {
        fputs("autopin-replay: the trace has no copies of large blocks: there is nothing to be tuned\n", stderr);
        return 1;
    }
    choose_cap(&plan, caps, n_caps);
    plan_sites(&plan);
    choose_promote(&plan);
    say_sites(&plan);
    plan_write(&plan, plan.n, 1, text);
    fputs(text, stdout);
    fprintf(stderr, "\npredicted with these lines: %.6f s of copies, pins and unpins\n",
            (double)cost_of(&plan, plan.n) / 1e9);
    return fflush(stdout) ? 1 : 0;
}
