/* The sums of a merged report: see merge_figures.h.  The fields are those of the lists in policy/report.h. */
#include "scripts/command/merge_figures.h"

void merge_add(uint64_t *to, uint64_t value)
{
    *to = value > (uint64_t)INT64_MAX - *to ? (uint64_t)INT64_MAX : *to + value;
}

static void add_count(struct report_count *to, const struct report_count *from)
{
    merge_add(&to->copies, from->copies);
    merge_add(&to->bytes, from->bytes);
    merge_add(&to->ns, from->ns);
}

static void add_refused(uint64_t to[REASON_COUNT], const uint64_t from[REASON_COUNT])
{
    for (int reason = 0; reason < REASON_COUNT; reason++)
        merge_add(&to[reason], from[reason]);
}

/* One for pinning before one against it; among the like, the one that comes later in reason.def. */
static enum reason choose(enum reason one, enum reason other)
{
    const int pins_one = one != REASON_NONE && !reason_refuses(one),
              pins_other = other != REASON_NONE && !reason_refuses(other);
    if (pins_one != pins_other)
        return pins_one ? one : other;
    return one > other ? one : other;
}

void merge_site(struct report_site *to, const struct report_site *from)
{
    const uint64_t min =
        to->bytes_min && (!from->bytes_min || to->bytes_min < from->bytes_min) ? to->bytes_min : from->bytes_min;
    const uint64_t max = to->bytes_max > from->bytes_max ? to->bytes_max : from->bytes_max;
#define ADD(name) merge_add(&to->name, from->name);
    REPORT_SITE_COUNTERS(ADD)
    REPORT_SITE_LEVELS(ADD)
#undef ADD
    to->bytes_min = min;
    to->bytes_max = max;
    to->why = choose(to->why, from->why);
    add_refused(to->refused, from->refused);
    for (int dir = 0; dir < DIR_COUNT; dir++)
        for (int way = 0; way < WAY_COUNT; way++)
            add_count(&to->count[dir][way], &from->count[dir][way]);
    if (!to->site->rule_name && from->site->rule_name)
        to->site = from->site;
}

void merge_report(struct report *to, const struct report *from)
{
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        for (int way = 0; way < WAY_COUNT; way++)
            add_count(&to->count[dir][way], &from->count[dir][way]);
        add_count(&to->foreign[dir], &from->foreign[dir]);
        add_count(&to->foreign_staged[dir], &from->foreign_staged[dir]);
    }
#define ADD(name) merge_add(&to->name, from->name);
    REPORT_SUM_NUMBERS(ADD)
    REPORT_TOTAL_NUMBERS(ADD)
#undef ADD
#define ADD(name) merge_add(&to->pinned.name, from->pinned.name);
    REPORT_PROCESS_LEDGER_NUMBERS(ADD)
#undef ADD
#define RAISE(name) to->pinned.name = to->pinned.name > from->pinned.name ? to->pinned.name : from->pinned.name;
    REPORT_NODE_NUMBERS(RAISE)
#undef RAISE
#define ADD(name) merge_add(&to->all.name, from->all.name);
    REPORT_PIN_NUMBERS(ADD)
    ADD(saved_ns)
    ADD(lost_ns)
#undef ADD
    add_refused(to->all.refused, from->all.refused);
    if (to->duration_ns < from->duration_ns)
        to->duration_ns = from->duration_ns;
    if (to->n_sites < from->n_sites) /* those that no report lists may be the same ones */
        to->n_sites = from->n_sites;
}
