/* The model of the report: takes all counters once, sorts the sites.  See report.h.  No lock: a site is never freed,
 * and the list only grows at its head. */
#include "report.h"

#include <errno.h>
#include <string.h>

#include "ledger.h"
#include "prim.h"
#include "record.h"
#include "report_series.h"
#include "sort.h"
#include "tally.h"

enum {
    KEPT_FOR_ADVICE = 64,
    MOST_SITES = 10000
};

const char *const report_ways[] = {"plain", "staged", "direct", "snapshot"};
_Static_assert(sizeof report_ways / sizeof report_ways[0] == WAY_COUNT, "a way without a name");
const char *const report_directions[] = {"host_to_device", "device_to_host"};
_Static_assert(sizeof report_directions / sizeof report_directions[0] == DIR_COUNT, "a direction without a name");

/* A site and its place in the order. */
struct ranked {
    uint64_t importance;
    const struct site *site;
};

const char *report_text_or_empty(const char *text)
{
    return text ? text : "";
}

const char *report_module(const struct frame *frame)
{
    const char *module = report_text_or_empty(frame->module), *slash = strrchr(module, '/');
    return slash ? slash + 1 : module;
}

int report_function(const struct report *report, const struct frame *frame, char *function, size_t cap,
                    uint64_t *offset)
{
    function[0] = 0;
    *offset = 0;
    const int err =
        report->symbolise ? report->symbolise(report->symbolise_ctx, frame, function, cap, offset) : -ENOSYS;
    function[cap - 1] = 0;
    return err ? err : function[0] ? 0 : -ENOENT;
}

/* A refusal without which there would have been a pin. */
static int wanted(const struct site *site)
{
    static const enum reason thwarted[] = {REASON_CAP,        REASON_REGIONS, REASON_SITE_CAP, REASON_NODE_CAP,
                                           REASON_MEMORY_LOW, REASON_MEMLOCK, REASON_DRIVER};
    for (size_t i = 0; i < sizeof thwarted / sizeof thwarted[0]; i++)
        if (count_get(&site->refused[thwarted[i]]))
            return 1;
    return count_get(&site->pins) || count_get(&site->pin_failures);
}

int report_has_something(void)
{
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        if (count_get(&record.totals.foreign[dir].copies) || count_get(&record.totals.foreign_staged[dir].copies))
            return 1;
        for (int way = 0; way < WAY_COUNT; way++)
            if (count_get(&record.totals.count[dir][way].copies))
                return 1;
    }
    for (const struct site *site = sites_first(); site; site = site->next)
        if (wanted(site))
            return 1;
    return ledger_peak_bytes() != 0;
}

uint64_t report_activity(void)
{
    uint64_t sum = count_get(&record.totals.faults_avoided);
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        sum += count_get(&record.totals.foreign[dir].copies) + count_get(&record.totals.foreign_staged[dir].copies);
        for (int way = 0; way < WAY_COUNT; way++)
            sum += count_get(&record.totals.count[dir][way].copies);
    }
    for (const struct site *site = sites_first(); site; site = site->next)
        sum += count_get(&site->pins);
    return sum;
}

static void count_take(struct report_count *out, const struct copy_count *count)
{
    out->copies = count_get(&count->copies);
    out->bytes = count_get(&count->bytes);
    out->ns = count_get(&count->ns);
}

static void site_take(struct report_site *out, const struct site *site)
{
    const int why = atomic_load_explicit(&site->why, memory_order_relaxed);
    out->site = site;
    out->why = why >= 0 && why < REASON_COUNT ? (enum reason)why : REASON_NONE;
    for (int dir = 0; dir < DIR_COUNT; dir++)
        for (int way = 0; way < WAY_COUNT; way++)
            count_take(&out->count[dir][way], &site->count[dir][way]);
    for (int reason = 0; reason < REASON_COUNT; reason++)
        out->refused[reason] = count_get(&site->refused[reason]);
#define TAKE(name) out->name = count_get(&site->name);
    REPORT_SITE_COUNTERS(TAKE)
#undef TAKE
#define TAKE(name) out->name = site_##name(site);
    REPORT_SITE_LEVELS(TAKE)
#undef TAKE
}

static void site_sum(struct report_site *all, const struct site *site)
{
    for (int reason = 0; reason < REASON_COUNT; reason++)
        all->refused[reason] += count_get(&site->refused[reason]);
#define SUM(name) all->name += count_get(&site->name);
    REPORT_SITE_COUNTERS(SUM)
#undef SUM
}

static uint64_t importance(const struct site *site)
{
    const uint64_t lost = count_get(&site->lost_ns) + count_get(&site->paid_ns);
    const uint64_t saved = count_get(&site->saved_ns), pin = count_get(&site->pin_ns);
    const uint64_t most = lost > saved ? lost : saved;
    return most > pin ? most : pin;
}

static int ranks_before(const void *one, const void *other)
{
    const struct ranked *a = one, *b = other;
    return a->importance != b->importance ? a->importance > b->importance : a->site->key < b->site->key;
}

/* A site without blocks is the catch-all that nothing fell into. */
static int is_used(const struct site *site)
{
    return tally_has_served(site, 1);
}

static void sites_take(struct report *report, unsigned max_sites)
{
    const struct site *first = sites_first(); /* sites that are added from now on stand before it */
    for (const struct site *site = first; site; site = site->next)
        if (is_used(site)) {
            report->n_sites++;
            site_sum(&report->all, site);
            report->large_blocks += site_blocks(site);
            report->large_bytes += site_bytes(site);
        }
    const size_t n = report->n_sites, index_bytes = n * sizeof(struct ranked);
    const size_t least = max_sites > KEPT_FOR_ADVICE ? max_sites : KEPT_FOR_ADVICE;
    const size_t most = least < MOST_SITES ? least : MOST_SITES, kept = n < most ? n : most;
    report->map_bytes = index_bytes + kept * sizeof(struct report_site);
    report->map = n ? prim_map(report->map_bytes) : NULL;
    if (!report->map)
        return;
    struct ranked *ranked = report->map;
    size_t n_ranked = 0;
    for (const struct site *site = first; site && n_ranked < n; site = site->next)
        if (is_used(site))
            ranked[n_ranked++] = (struct ranked){importance(site), site};
    sort_elements(ranked, n_ranked, sizeof *ranked, ranks_before);
    report->sites = (struct report_site *)(ranked + n);
    report->n_kept = (unsigned)kept;
    report->n_shown = kept < max_sites ? (unsigned)kept : max_sites;
    for (size_t i = 0; i < kept; i++)
        site_take(&report->sites[i], ranked[i].site);
}

void report_take(struct report *report, const struct report_process *process, report_symbolise symbolise, void *ctx,
                 unsigned max_sites)
{
    memset(report, 0, sizeof *report);
    report->process = process;
    report->symbolise = symbolise;
    report->symbolise_ctx = ctx;
    if (record.totals.start_ns && process->now_ns > record.totals.start_ns)
        report->duration_ns = process->now_ns - record.totals.start_ns;
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        count_take(&report->foreign[dir], &record.totals.foreign[dir]);
        count_take(&report->foreign_staged[dir], &record.totals.foreign_staged[dir]);
        for (int way = 0; way < WAY_COUNT; way++)
            count_take(&report->count[dir][way], &record.totals.count[dir][way]);
    }
#define TAKE(name) report->name = count_get(&record.totals.name);
    REPORT_TOTAL_NUMBERS(TAKE)
#undef TAKE
#define TAKE(name) report->pinned.name = ledger_##name();
    REPORT_LEDGER_NUMBERS(TAKE)
#undef TAKE
    sites_take(report, max_sites);
    report_take_history(report);
}

void report_drop(struct report *report)
{
    report_drop_history(report);
    if (report->map)
        prim_unmap(report->map, report->map_bytes);
    report->map = NULL;
    report->n_kept = report->n_shown = 0;
}

void report_write_text(const struct sink *out, const struct report_process *process, report_symbolise symbolise,
                       void *ctx, unsigned max_sites)
{
    struct report report;
    const int saved = errno;
    report_take(&report, process, symbolise, ctx, max_sites);
    report_print_text(out, &report);
    report_drop(&report);
    errno = saved;
}
