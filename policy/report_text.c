/* The report as text: see report.h.  Readable at 100 columns; only its first line begins with "autopin: ".  No lock. */
#include "report.h"

#include <string.h>

#include "advice.h"

#define LABEL         "  %-11s"  /* of a line about the process */
#define FIELD         "    %-9s" /* of a line about a site */
#define MEMBERS_SHOWN 64

typedef unsigned long long ull;

static void write_cause(const struct sink *out, const char *cause)
{
    if (!strstr(cause, "killed")) /* "running or killed" is said of a record, too */
        sink_text(out, strcmp(cause, "running") == 0 ? "still " : "ended by ");
    sink_clean(out, cause[0] ? cause : "unknown", 30);
}

static void write_head(const struct sink *out, const struct report *report)
{
    const struct report_process *process = report->process;
    sink_text(out, "autopin: ");
    sink_clean(out, report_text_or_empty(process->program), 60);
    const long long number = process->n_members > 1 ? process->n_members : process->pid;
    sink_printf(out, process->n_members > 1 ? " (%lld processes) " : " (pid %lld) ", number);
    write_cause(out, report_text_or_empty(process->cause));
    sink_printf(out, " after %s; backend ", quantity_time(report->duration_ns).text);
    sink_clean(out, report_text_or_empty(process->backend), 20);
    sink_text(out, process->simulated ? "; times are modelled\n" : "\n");
}

/* The processes of a report that was merged. */
static void write_members(const struct sink *out, const struct report_process *process)
{
    for (unsigned i = 0; i < process->n_members && i < MEMBERS_SHOWN; i++) {
        const struct report_member *member = &process->members[i];
        sink_printf(out, LABEL, i ? "" : "processes");
        sink_clean(out, report_text_or_empty(member->program), 40);
        sink_printf(out, " (pid %lld) ", (long long)member->pid);
        write_cause(out, report_text_or_empty(member->cause));
        sink_printf(out, " after %s\n", quantity_time(member->duration_ns).text);
    }
    if (process->n_members > MEMBERS_SHOWN)
        sink_printf(out, LABEL "... and %u more\n", "", process->n_members - MEMBERS_SHOWN);
}

static void write_setup(const struct sink *out, const struct report_process *process)
{
    const char *file = report_text_or_empty(process->config_file), *driver = report_text_or_empty(process->driver);
    sink_printf(out, LABEL "autopin ", "set-up");
    sink_clean(out, report_text_or_empty(process->version), 40);
    sink_text(out, ", ");
    sink_text(out, file[0] ? "configured by " : "no pinning.conf");
    sink_clean(out, file, 200);
    sink_text(out, "\n");
    if (driver[0]) {
        sink_printf(out, LABEL, "driver");
        sink_clean(out, driver, 85);
        sink_text(out, "\n");
    }
    for (unsigned i = 0; i < process->n_notes && i < REPORT_NOTES; i++) {
        sink_printf(out, LABEL, "note");
        sink_clean(out, report_text_or_empty(process->notes[i]), 400);
        sink_text(out, "\n");
    }
}

/* What became of pins; `where` is the beginning of the line, `peak` the most that was pinned at once, or 0. */
static void write_pins(const struct sink *out, const char *where, const struct report_site *site, uint64_t peak)
{
    if (!site->pins && !site->pin_failures) {
        sink_printf(out, "%snone\n", where);
        return;
    }
    sink_printf(out, "%s%llu in %s, %s in all", where, (ull)site->pins, quantity_time(site->pin_ns).text,
                quantity_bytes(site->pin_bytes_total).text);
    if (peak)
        sink_printf(out, "; peak %s", quantity_bytes(peak).text);
    sink_printf(out, "; %llu ended", (ull)site->unpins);
    if (site->evictions)
        sink_printf(out, ", %llu of them evicted", (ull)site->evictions);
    sink_printf(out, ", %llu failed\n", (ull)site->pin_failures);
}

/* Where memory ran short. */
static void write_short(const struct sink *out, const struct report *report)
{
    const uint64_t times = report->lowered_min_free + report->lowered_pressure;
    if (times)
        sink_printf(out,
                    LABEL "memory ran short %s (%llu x min_free, %llu x max_pressure):\n" LABEL
                          "the cap went down to %s, and is %s now; %s given back\n",
                    "short", quantity_count(times, "time").text, (ull)report->lowered_min_free,
                    (ull)report->lowered_pressure, "", quantity_bytes(report->pinned.cap_least_bytes).text,
                    quantity_bytes(report->pinned.cap_now_bytes).text, quantity_bytes(report->given_back_bytes).text);
}

static void write_pinned(const struct sink *out, const struct report *report)
{
    const struct report_site *all = &report->all;
    const uint64_t vm_lck = report->process->vm_lck_bytes;
    sink_printf(out, LABEL "peak %s of cap %s, %llu of %s; now %s in %s; VmLck %s\n", "pinned",
                quantity_bytes(report->pinned.peak_bytes).text, quantity_bytes(report->pinned.cap_bytes).text,
                (ull)report->pinned.peak_regions, quantity_count(report->pinned.cap_regions, "region").text,
                quantity_bytes(report->pinned.bytes).text, quantity_count(report->pinned.regions, "region").text,
                vm_lck == UINT64_MAX ? "unknown" : quantity_bytes(vm_lck).text);
    if (report->pinned.node_cap_bytes)
        sink_printf(out, LABEL "peak %s of max_pinned_node %s, now %s, by all processes of the user\n", "node",
                    quantity_bytes(report->pinned.node_peak_bytes).text,
                    quantity_bytes(report->pinned.node_cap_bytes).text, quantity_bytes(report->pinned.node_bytes).text);
    if (report->locked_bytes_peak)
        sink_printf(out, LABEL "peak %s by mlock, now %s\n", "locked", quantity_bytes(report->locked_bytes_peak).text,
                    quantity_bytes(report->locked_bytes).text);
    write_short(out, report);
    write_pins(out, "  pins       ", all, 0);
    sink_printf(out, LABEL "%s saved, less %s for pins: %s; %s lost to unpinned copies and faults\n", "gain",
                quantity_time(all->saved_ns).text, quantity_time(all->pin_ns).text,
                quantity_net(all->saved_ns, all->pin_ns).text, quantity_time(all->lost_ns).text);
}

static void write_count(const struct sink *out, const char *dir, const char *way, const struct report_count *count)
{
    if (count->copies)
        sink_printf(out, "    %-15s %-14s %6llu %-6s %11s %11s %11s\n", dir, way, (ull)count->copies,
                    count->copies == 1 ? "copy" : "copies", quantity_bytes(count->bytes).text,
                    quantity_time(count->ns).text, quantity_rate(count->bytes, count->ns).text);
}

static const char *const dir_names[] = {"host to device", "device to host"};
_Static_assert(sizeof dir_names / sizeof dir_names[0] == DIR_COUNT, "a direction without a name");

static void write_copies(const struct sink *out, const struct report *report)
{
    uint64_t copies = 0;
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        copies += report->foreign[dir].copies + report->foreign_staged[dir].copies;
        for (int way = 0; way < WAY_COUNT; way++)
            copies += report->count[dir][way].copies;
    }
    sink_printf(out, LABEL "%llu%s\n", "copies", (ull)copies,
                copies ? ", of blocks that autopin served and of other memory (foreign)" : "");
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        for (int way = 0; way < WAY_COUNT; way++)
            write_count(out, dir_names[dir], report_ways[way], &report->count[dir][way]);
        write_count(out, dir_names[dir], "foreign", &report->foreign[dir]);
        write_count(out, dir_names[dir], "foreign staged", &report->foreign_staged[dir]);
    }
    if (report->staging_bytes_peak)
        sink_printf(out, LABEL "%s of pinned slots at most, for staged copies\n", "staging",
                    quantity_bytes(report->staging_bytes_peak).text);
    if (report->waits || report->splits)
        sink_printf(out, LABEL "%llu in %s, to keep what asynchronous copies promise; %s split\n", "waits",
                    (ull)report->waits, quantity_time(report->wait_ns).text,
                    quantity_count(report->splits, "copy").text);
}

/* What is seldom other than zero. */
static void write_rest(const struct sink *out, const struct report *report)
{
    const struct {
        uint64_t value;
        const char *thing, *text;
    } rest[] = {
        {report->faults_avoided, "page fault", "avoided by recycling locked blocks"},
        {report->large_forwarded, "large block", "left to the next allocator"},
        {report->app_registrations, "registration", "by the program itself, of blocks that autopin served"},
        {report->graph_blocks, "block", "set aside for graphs"},
        {report->kept_blocks, "block", "kept locked for good, after unpinning failed"},
        {report->context_losses, "context", "ended with blocks still pinned"},
    };
    sink_printf(out, LABEL "%llu large, %s in all; %s prefaulted\n", "blocks", (ull)report->large_blocks,
                quantity_bytes(report->large_bytes).text, quantity_bytes(report->prefaulted_bytes).text);
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        if (rest[i].value)
            sink_printf(out, LABEL "%s %s\n", "", quantity_count(rest[i].value, rest[i].thing).text, rest[i].text);
}

static void write_refused(const struct sink *out, const char *label, const uint64_t refused[REASON_COUNT])
{
    for (int reason = 0; reason < REASON_COUNT; reason++)
        if (refused[reason])
            sink_printf(out, "%s%llu x %s (%s)\n", label, (ull)refused[reason], reason_text((enum reason)reason),
                        reason_name((enum reason)reason));
}

static void write_blocks(const struct sink *out, const struct report_site *site)
{
    sink_printf(out, FIELD "%llu of ", "blocks", (ull)site->blocks);
    if (site->bytes_min != site->bytes_max)
        sink_printf(out, "%s to ", quantity_bytes(site->bytes_min).text);
    sink_printf(out, "%s; %llu live (peak %llu, %s); %llu recycled\n", quantity_bytes(site->bytes_max).text,
                (ull)site->blocks_live, (ull)site->blocks_live_peak, quantity_bytes(site->bytes_live_peak).text,
                (ull)site->recycled);
}

static void write_speed(const struct sink *out, const struct report_site *site)
{
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        const struct report_count *plain = &site->count[dir][WAY_PLAIN], *staged = &site->count[dir][WAY_STAGED];
        const struct report_count *before = plain->ns ? plain : staged, *after = &site->count[dir][WAY_DIRECT];
        for (int way = 0; way < WAY_COUNT; way++)
            write_count(out, dir_names[dir], report_ways[way], &site->count[dir][way]);
        if (before->ns && after->ns)
            sink_printf(out, FIELD "%s: %s before, %s after\n", "speed", dir_names[dir],
                        quantity_rate(before->bytes, before->ns).text, quantity_rate(after->bytes, after->ns).text);
    }
}

static void write_site(const struct sink *out, const struct report *report, unsigned n)
{
    const struct report_site *site = &report->sites[n];
    sink_text(out, "\n");
    report_write_stack(out, report, site->site, n + 1);
    write_blocks(out, site);
    write_speed(out, site);
    write_pins(out, "    pins     ", site, site->pinned_bytes_peak);
    sink_printf(out, FIELD "%s saved, %s lost\n", "gain", quantity_time(site->saved_ns).text,
                quantity_time(site->lost_ns).text);
    sink_printf(out, FIELD "%s%s", "decision",
                site->why == REASON_NONE    ? ""
                : reason_refuses(site->why) ? "no pin: "
                                            : "pin: ",
                reason_text(site->why));
    if (site->site->rule_name) {
        sink_text(out, " [site ");
        sink_clean(out, site->site->rule_name, OPTION_MAX_NAME);
        sink_text(out, "]");
    }
    sink_text(out, "\n");
    write_refused(out, "    refused  ", site->refused);
}

static void write_advice(const struct sink *out, const struct report *report)
{
    struct advice advice[ADVICE_MOST];
    const unsigned n = report->advice ? 0 : advice_find(report, advice);
    if (n == 0 && (!report->advice || !report->advice[0]))
        return;
    sink_printf(out, "\n" LABEL "lines for pinning.conf:\n\n", "advice");
    if (report->advice)
        advice_write_given(out, report->advice);
    else
        advice_write_all(out, advice, n);
}

void report_print_text(const struct sink *out, const struct report *report)
{
    write_head(out, report);
    write_members(out, report->process);
    write_setup(out, report->process);
    write_pinned(out, report);
    write_copies(out, report);
    write_rest(out, report);
    write_refused(out, "  refused    ", report->all.refused);
    if (report->n_sites) {
        sink_printf(out, "\n" LABEL "%llu that %s large blocks", "call sites", (ull)report->n_sites,
                    report->n_sites == 1 ? "allocates" : "allocate");
        if (report->n_shown < report->n_sites)
            sink_printf(out, ", of which the %u most important follow", report->n_shown);
        else if (report->n_sites > 1)
            sink_text(out, ", the most important first");
        sink_text(out, "\n");
    }
    for (unsigned i = 0; i < report->n_shown; i++)
        write_site(out, report, i);
    write_advice(out, report);
}
