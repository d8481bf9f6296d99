/* What autopin top shows: see top_view.h.  The figures are those of policy/report.h. */
#include "scripts/command/top_view.h"

#include <stdlib.h>
#include <string.h>

#define LABEL "  %-11s"

enum {
    BAR = 20,
    SITES_READ = 1000,
    SITES_SHOWN = 10,
    MODULE_MOST = 40,
    FRAMES_SHOWN = 2
};

void top_sample(struct top_sample *out, const struct report_process *process)
{
    struct report report;
    report_take(&report, process, NULL, NULL, 0);
    *out = (struct top_sample){process->now_ns, report.large_blocks, report.faults_avoided, {{{0}}}};
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        memcpy(out->count[dir], report.count[dir], sizeof report.count[dir]);
        out->count[dir][WAY_COUNT] = report.foreign[dir];
        out->count[dir][WAY_COUNT + 1] = report.foreign_staged[dir];
    }
    report_drop(&report);
}

/* Of a counter, each second. */
static uint64_t rate(uint64_t before, uint64_t now, uint64_t ns)
{
    return now > before ? rate_per_second(now - before, ns) : 0;
}

static void write_head(const struct sink *out, const struct report *report)
{
    const struct report_process *process = report->process;
    const int running = strcmp(process->cause, "running") == 0, killed = strcmp(process->cause, "killed") == 0;
    sink_text(out, "autopin top: ");
    sink_clean(out, process->program, 40);
    sink_printf(out, " (pid %lld) %s", (long long)process->pid, running ? "still " : killed ? "" : "ended by ");
    sink_clean(out, process->cause, 15);
    sink_printf(out, " after %s; backend %s%s\n", quantity_time(report->duration_ns).text, process->backend,
                process->simulated ? "; times are modelled" : "");
}

/* Returns how many lines. */
static unsigned write_pinned(const struct sink *out, const struct report *report)
{
    char bar[BAR + 1];
    const uint64_t cap = report->pinned.cap_bytes, bytes = report->pinned.bytes < cap ? report->pinned.bytes : cap;
    const unsigned full = cap ? (unsigned)((double)bytes / (double)cap * BAR + 0.5) : 0;
    memset(bar, '.', BAR);
    memset(bar, '#', full);
    bar[BAR] = 0;
    sink_printf(out, LABEL "%s of cap %s [%s], %llu of %llu regions; peak %s\n", "pinned",
                quantity_bytes(report->pinned.bytes).text, quantity_bytes(cap).text, bar,
                (unsigned long long)report->pinned.regions, (unsigned long long)report->pinned.cap_regions,
                quantity_bytes(report->pinned.peak_bytes).text);
    sink_printf(out, LABEL "%llu in %s; %llu ended, %llu failed\n", "pins", (unsigned long long)report->all.pins,
                quantity_time(report->all.pin_ns).text, (unsigned long long)report->all.unpins,
                (unsigned long long)report->all.pin_failures);
    sink_printf(out, LABEL "%s saved, %s lost\n", "gain", quantity_time(report->all.saved_ns).text,
                quantity_time(report->all.lost_ns).text);
    return 3;
}

static unsigned write_copies(const struct sink *out, const struct top_sample *before, const struct top_sample *now)
{
    static const char *const dirs[] = {"host to device", "device to host"};
    const uint64_t ns = now->now_ns - before->now_ns;
    unsigned lines = 1;
    sink_printf(out, LABEL "%27s %15s %12s %12s\n", "copies", "copies/s", "bytes/s", "copies", "bytes");
    for (int dir = 0; dir < DIR_COUNT; dir++)
        for (int way = 0; way < TOP_WAYS; way++) {
            const struct report_count *was = &before->count[dir][way], *is = &now->count[dir][way];
            if (is->copies == 0)
                continue;
            const uint64_t bytes = is->bytes > was->bytes ? is->bytes - was->bytes : 0;
            sink_printf(out, "    %-14s  %-14s %7llu %15s %12llu %12s\n", dirs[dir],
                        way < WAY_COUNT    ? report_ways[way]
                        : way == WAY_COUNT ? "foreign"
                                           : "foreign staged",
                        (unsigned long long)rate(was->copies, is->copies, ns), quantity_rate(bytes, ns).text,
                        (unsigned long long)is->copies, quantity_bytes(is->bytes).text);
            lines++;
        }
    return lines;
}

static int loses_more(const void *one, const void *other)
{
    const struct report_site *a = one, *b = other;
    return (a->lost_ns < b->lost_ns) - (a->lost_ns > b->lost_ns);
}

static void write_site(const struct sink *out, const struct report_site *site)
{
    const struct site *what = site->site;
    sink_printf(out, "    %-10s %-10s %-12s %-12s ", quantity_time(site->lost_ns).text,
                quantity_time(site->saved_ns).text, quantity_bytes(site->bytes_live).text,
                quantity_bytes(site->pinned_bytes).text);
    for (unsigned i = 0; i < what->n_frames && i < FRAMES_SHOWN; i++) {
        const char *module = report_module(&what->frame[i]);
        sink_text(out, i ? " < " : "");
        sink_clean(out, module[0] ? module : "?", MODULE_MOST);
        sink_printf(out, "+0x%llx", (unsigned long long)what->frame[i].offset);
    }
    sink_text(out, what->n_frames ? "\n" : "unknown\n");
}

static void write_sites(const struct sink *out, struct report *report, unsigned rows)
{
    const unsigned most = rows < SITES_SHOWN ? rows : SITES_SHOWN;
    if (report->n_shown)
        qsort(report->sites, report->n_shown, sizeof *report->sites, loses_more);
    sink_printf(out, LABEL "%llu, those that lose most first\n", "call sites", (unsigned long long)report->n_sites);
    if (report->n_shown && most)
        sink_printf(out, "    %-10s %-10s %-12s %-12s %s\n", "lost", "saved", "live", "pinned", "call site");
    for (unsigned i = 0; i < report->n_shown && i < most; i++)
        write_site(out, &report->sites[i]);
}

void top_view(const struct sink *out, const struct report_process *process, const struct top_sample *before,
              const struct top_sample *now, unsigned rows)
{
    struct report report;
    const uint64_t ns = now->now_ns - before->now_ns;
    report_take(&report, process, NULL, NULL, SITES_READ);
    write_head(out, &report);
    unsigned lines = 1 + write_pinned(out, &report) + write_copies(out, before, now);
    sink_printf(out, LABEL "%llu large, %llu/s; %llu page faults avoided, %llu/s\n", "blocks",
                (unsigned long long)now->large_blocks,
                (unsigned long long)rate(before->large_blocks, now->large_blocks, ns),
                (unsigned long long)now->faults_avoided,
                (unsigned long long)rate(before->faults_avoided, now->faults_avoided, ns));
    lines += 3; /* and the heads of the sites */
    write_sites(out, &report, rows > lines ? rows - lines : 0);
    report_drop(&report);
}
