/* Judges the policy: every family of traces on a few machines, against the best in hindsight and simple rivals.
 *
 *   replay [--check] [FAMILY]...      --check: exit 1 when a bar is missed
 *
 * Two measures.  Excess: what unpinned copies took beyond pinned ones, and all pins and unpins, charged to the program
 * as if it waited for each; over the same of the best plan in hindsight (cap not binding: exact; binding: a lower
 * bound).  This one is judged.  Felt: the same, with what the copies take in any case added to both. */
#include "trace.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    SEEDS = 3,
    RUNS = 3 + RIVAL_COUNT, /* those of the policy, then the rivals */
};

/* Bars. */
static const double FREE_MOST = 2.0, FREE_FELT_MEAN = 1.2, BOUND_MOST = 2.5;

/* Per page of 4 KiB; bytes per ps/B: 125 is 8 GB/s, 20 is 50 GB/s. */
static const struct machine machines[] = {
    {"usual", {125, 125}, {0, 0}, {20, 20}, 0, 300, 600, 60, NULL, 0},
    {"slow pins", {125, 125}, {0, 0}, {20, 20}, 0, 2000, 2500, 300, NULL, 0},
    {"staged", {125, 125}, {60, 60}, {20, 20}, 8000, 300, 600, 60, NULL, 0},
    {"fast pins", {90, 160}, {0, 0}, {40, 40}, 8000, 100, 400, 40, NULL, 0},
};

struct sum {
    double excess, felt, most;
    unsigned count;
};

static struct sum sums[2][RUNS]; /* cap free, binding */
static unsigned missed;

static const char *run_name(unsigned run)
{
    static const char *const own[] = {"autopin", "learning", "backgr."};
    return run < 3 ? own[run] : rival_name[run - 3];
}

static void miss(const char *what, double value, double bar)
{
    printf("MISSED %s: %.3f, not %.2f\n", what, value, bar);
    missed++;
}

/* What the copies take in any case. */
static double direct_ns(const struct trace *trace)
{
    double sum = 0;
    for (unsigned i = 0; i < trace->n_events; i++)
        if (trace->event[i].kind == EVENT_COPY)
            sum += (double)copy_ns(trace->machine, trace->event[i].dir, 1, trace->event[i].amount);
    return sum;
}

static int run_all(const struct trace *trace, struct outcome *outcome)
{
    for (unsigned run = 0; run < 3; run++)
        if (replay_policy(trace, (enum how)run, &outcome[run]))
            return -1;
    outcome[HOW_BACKGROUND].pinning = outcome[HOW_BACKGROUND].unpinning = 0;
    for (unsigned rival = 0; rival < RIVAL_COUNT; rival++)
        replay_rival(trace, (enum rival)rival, &outcome[3 + rival]);
    return 0;
}

static double best_ns(const struct trace *trace, const struct outcome *outcome)
{
    struct lives lives;
    lives_make(&lives, trace);
    uint64_t least = UINT64_MAX;
    for (unsigned run = 0; run < RUNS; run++)
        if (run != HOW_BACKGROUND && outcome_ns(&outcome[run]) < least)
            least = outcome_ns(&outcome[run]);
    const uint64_t best = trace->cap_bytes == UINT64_MAX ? optimum_ns(trace, &lives) : bound_ns(trace, &lives, least);
    if (best > least)
        miss("the optimum: something is better", (double)least / (double)best, 1);
    lives_drop(&lives);
    return (double)(best ? best : 1);
}

static void judge(const struct trace *trace, const struct outcome *outcome)
{
    const int binds = trace->cap_bytes != UINT64_MAX;
    const double best = best_ns(trace, outcome), direct = direct_ns(trace);
    printf("%-15s %u %-9s %9.1f", trace->family, trace->seed, trace->machine->name, best / 1e6);
    for (unsigned run = 0; run < RUNS; run++) {
        const double cost = (double)outcome_ns(&outcome[run]), ratio = cost / best;
        struct sum *sum = &sums[binds][run];
        sum->excess += ratio;
        sum->felt += (cost + direct) / (best + direct);
        sum->most = ratio > sum->most ? ratio : sum->most;
        sum->count++;
        printf("%9.2f", ratio);
    }
    const double felt = ((double)outcome_ns(&outcome[0]) + direct) / (best + direct);
    printf("%9.2f %5lu/%lu\n", felt, (unsigned long)outcome[0].pins, (unsigned long)outcome[0].unpins);
    const double ratio = (double)outcome_ns(&outcome[0]) / best, bar = binds ? BOUND_MOST : FREE_MOST;
    if (ratio > bar * 1.001)
        miss(trace->family, ratio, bar);
}

static void print_means(void)
{
    for (int binds = 0; binds < 2; binds++) {
        if (!sums[binds][0].count)
            continue;
        printf("\n%s, %u traces\n%-12s %8s %8s %8s\n", binds ? "under a cap that binds" : "where the cap does not bind",
               sums[binds][0].count, "", "excess", "worst", "felt");
        for (unsigned run = 0; run < RUNS; run++) {
            const struct sum *sum = &sums[binds][run];
            printf("%-12s %8.3f %8.2f %8.3f\n", run_name(run), sum->excess / sum->count, sum->most,
                   sum->felt / sum->count);
        }
    }
}

static void judge_means(void)
{
    for (int binds = 0; binds < 2; binds++)
        for (unsigned run = 3; run < RUNS; run++)
            if (sums[binds][0].count && (sums[binds][0].excess > sums[binds][run].excess * 1.001 ||
                                         sums[binds][0].felt > sums[binds][run].felt * 1.001))
                miss(run_name(run), sums[binds][0].excess / sums[binds][run].excess, 1);
    if (sums[0][0].count && sums[0][0].felt / sums[0][0].count > FREE_FELT_MEAN)
        miss("felt on average", sums[0][0].felt / sums[0][0].count, FREE_FELT_MEAN);
}

static int judge_family(const struct family *family)
{
    for (unsigned m = 0; m < sizeof machines / sizeof machines[0]; m++) {
        for (unsigned seed = 0; seed < SEEDS; seed++) {
            struct trace trace;
            struct outcome outcome[RUNS];
            trace_make(&trace, family, &machines[m], seed);
            const int rc = run_all(&trace, outcome);
            if (rc == 0)
                judge(&trace, outcome);
            trace_drop(&trace);
            if (rc)
                return rc;
        }
    }
    return 0;
}

static int is_asked(const char *name, char **argv)
{
    int named = 0;
    for (; *argv; argv++) {
        named |= argv[0][0] != '-';
        if (!strcmp(*argv, name))
            return 1;
    }
    return !named;
}

int main(int argc, char **argv)
{
    const int check = argc > 1 && !strcmp(argv[1], "--check");
    printf("%-15s s %-9s %9s", "trace", "machine", "best, ms");
    for (unsigned run = 0; run < RUNS; run++)
        printf("%9s", run_name(run));
    printf("%9s pins/ends\n", "felt");
    for (unsigned i = 0; i < n_families; i++) {
        if (is_asked(families[i].name, argv + 1) && judge_family(&families[i])) {
            printf("FAIL %s: the replay ended badly\n", families[i].name);
            return 1;
        }
    }
    print_means();
    judge_means();
    printf("\n%u bars missed; all times are modelled\n", missed);
    return check && missed ? 1 : 0;
}
