/* "history" and "curve" of the JSON report.  See report_series.h.  No lock. */
#include "report_series.h"

#include "cost.h"
#include "curve.h"
#include "history.h"
#include "prim.h"

enum {
    HISTORY_BYTES = HISTORY_POINTS * sizeof(struct history_point)
};

static const char *const dir_keys[] = {"host_to_device", "device_to_host"};
_Static_assert(sizeof dir_keys / sizeof dir_keys[0] == DIR_COUNT, "a direction without a key");

/* One figure of every point.  field: its offset in a point. */
static void write_row(const struct sink *out, const char *key, const struct history_point *points, unsigned n,
                      size_t field)
{
    sink_printf(out, "\"%s\": [", key);
    for (unsigned i = 0; i < n; i++)
        sink_printf(out, i ? ",%llu" : "%llu", report_number(*(const uint64_t *)((const char *)&points[i] + field)));
    sink_text(out, "]");
}

static const char *way_key(int way)
{
    return way == HISTORY_FOREIGN ? "foreign" : way == HISTORY_FOREIGN_STAGED ? "foreign_staged" : report_ways[way];
}

static void write_ways(const struct sink *out, const struct history_point *points, unsigned n, int dir)
{
    for (int way = 0; way < HISTORY_WAYS; way++) {
        const size_t field = offsetof(struct history_point, count[0][0]) +
                             ((size_t)dir * HISTORY_WAYS + (size_t)way) * sizeof points->count[0][0];
        sink_printf(out, "%s\n      \"%s\": {", way ? "," : "", way_key(way));
        write_row(out, "bytes", points, n, field);
        sink_text(out, ", ");
        write_row(out, "ns", points, n, field + sizeof(uint64_t));
        sink_text(out, "}");
    }
}

void report_take_history(struct report *report)
{
    struct history_point *points = prim_map(HISTORY_BYTES);
    report->history = points;
    report->n_history = points ? history_read(points, report->process->now_ns) : 0;
    report->history_interval_ns = history_interval_ns();
}

void report_drop_history(struct report *report)
{
    if (report->history)
        prim_unmap((void *)report->history, HISTORY_BYTES);
    report->history = NULL;
    report->n_history = 0;
}

void report_write_history(const struct sink *out, const struct report *report)
{
    const struct history_point *points = report->history;
    const unsigned n = points ? report->n_history : 0;
    sink_printf(out, "{\"interval_ns\": %llu", report_number(report->history_interval_ns));
#define ROW(name)                                                                                                      \
    sink_text(out, ",\n    ");                                                                                         \
    write_row(out, #name, points, n, offsetof(struct history_point, name));
    ROW(time_ns)
    ROW(pinned_bytes)
    ROW(pinned_regions)
    ROW(cap_bytes)
#undef ROW
    sink_text(out, ",\n    \"copies\": {");
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        sink_printf(out, "%s\n    \"%s\": {", dir ? "," : "", dir_keys[dir]);
        write_ways(out, points, n, dir);
        sink_text(out, "}");
    }
    sink_text(out, "}}");
}

/* What pinning costs, by what it has cost. */
static uint64_t price_ns(const struct report *report, uint64_t bytes)
{
    const struct report_site *all = &report->all;
    if (all->pin_bytes_total == 0)
        return cost_pin_ns(bytes);
    const double ns = (double)bytes * (double)all->pin_ns / (double)all->pin_bytes_total;
    return ns < (double)(1ull << 62) ? (uint64_t)ns : 1ull << 62;
}

static unsigned steps_make(struct curve_step *steps, const struct report *report)
{
    for (unsigned i = 0; i < report->n_kept; i++) {
        const struct report_site *site = &report->sites[i];
        const uint64_t bytes = curve_bytes(site->bytes_live_peak, site->pinned_bytes_peak);
        steps[i] =
            (struct curve_step){.site = i,
                                .bytes = bytes,
                                .gain_ns = curve_gain_ns(site->saved_ns, site->lost_ns, price_ns(report, bytes))};
    }
    return curve_make(steps, report->n_kept);
}

void report_write_curve(const struct sink *out, const struct report *report)
{
    const size_t map_bytes = report->n_kept * sizeof(struct curve_step);
    struct curve_step *steps = report->n_kept ? prim_map(map_bytes) : NULL;
    const unsigned n = steps ? steps_make(steps, report) : 0;
    if (n)
        sink_printf(out, "{\"knee\": %u, \"points\": [", curve_knee(steps, n));
    else
        sink_text(out, "{\"knee\": null, \"points\": [");
    for (unsigned i = 0; i < n; i++)
        sink_printf(out, "%s\n    {\"site\": \"%016llx\", \"cap_bytes\": %llu, \"saved_ns\": %llu}", i ? "," : "",
                    (unsigned long long)report->sites[steps[i].site].site->key, report_number(steps[i].cap_bytes),
                    report_number(steps[i].saved_ns));
    sink_text(out, "]}");
    if (steps)
        prim_unmap(steps, map_bytes);
}
