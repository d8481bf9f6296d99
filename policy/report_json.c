/* The report as JSON: see report.h and tests/data/report.schema.json.  All numbers are integers in the units that their
 * names end in.  No lock. */
#include "report.h"

#include <errno.h>

#include "advice.h"
#include "report_series.h"

/* A document being written.  Line breaks are set down to this depth. */
enum {
    BROKEN_DEPTH = 2
};

struct json {
    const struct sink *out;
    unsigned depth;
    int comma; /* something stands before the next value at this depth */
};

/* What goes before a value or, unless it is NULL, before a key. */
static void begin(struct json *json, const char *key)
{
    if (json->comma)
        sink_text(json->out, ",");
    if (json->depth && json->depth <= BROKEN_DEPTH)
        sink_printf(json->out, "\n%*s", (int)json->depth * 2, "");
    else if (json->comma)
        sink_text(json->out, " ");
    json->comma = 1;
    if (key)
        sink_printf(json->out, "\"%s\": ", key);
}

static void enter(struct json *json, const char *key, const char *bracket)
{
    begin(json, key);
    sink_text(json->out, bracket);
    json->depth++;
    json->comma = 0;
}

static void leave(struct json *json, const char *bracket)
{
    json->depth--;
    if (json->comma && json->depth < BROKEN_DEPTH)
        sink_printf(json->out, "\n%*s", (int)json->depth * 2, "");
    sink_text(json->out, bracket);
    json->comma = 1;
}

static void number(struct json *json, const char *key, uint64_t value)
{
    begin(json, key);
    sink_printf(json->out, "%llu", report_number(value));
}

static void integer(struct json *json, const char *key, int64_t value)
{
    begin(json, key);
    sink_printf(json->out, "%lld", (long long)value);
}

static void boolean(struct json *json, const char *key, int value)
{
    begin(json, key);
    sink_text(json->out, value ? "true" : "false");
}

static void null(struct json *json, const char *key)
{
    begin(json, key);
    sink_text(json->out, "null");
}

static void string(struct json *json, const char *key, const char *value)
{
    begin(json, key);
    sink_json_string(json->out, report_text_or_empty(value));
}

static void put_escaped(void *ctx, const char *text, size_t len)
{
    sink_json_escape(ctx, text, len);
}

static void write_process(struct json *json, const struct report *report)
{
    const struct report_process *process = report->process;
    enter(json, "process", "{");
    integer(json, "pid", process->pid);
    string(json, "program", process->program);
    string(json, "command_line", process->command_line);
    string(json, "cause", process->cause);
    number(json, "duration_ns", report->duration_ns);
    leave(json, "}");
    enter(json, "backend", "{");
    string(json, "name", process->backend);
    string(json, "driver", process->driver);
    boolean(json, "simulated", process->simulated);
    leave(json, "}");
    string(json, "config_file", process->config_file);
    enter(json, "notes", "[");
    for (unsigned i = 0; i < process->n_notes && i < REPORT_NOTES; i++)
        string(json, NULL, process->notes[i]);
    leave(json, "]");
}

static void write_totals(struct json *json, const struct report *report)
{
    const struct report_site *all = &report->all;
#define WRITE(name) number(json, #name, report->pinned.name);
    enter(json, "pinned", "{");
    REPORT_LEDGER_NUMBERS(WRITE)
#undef WRITE
    if (report->process->vm_lck_bytes == UINT64_MAX)
        null(json, "vm_lck_bytes");
    else
        number(json, "vm_lck_bytes", report->process->vm_lck_bytes);
    leave(json, "}");
    enter(json, "pins", "{");
#define WRITE(name) number(json, #name, all->name);
    REPORT_PIN_NUMBERS(WRITE)
#undef WRITE
    leave(json, "}");
    enter(json, "gain", "{");
    number(json, "saved_ns", all->saved_ns);
    number(json, "lost_ns", all->lost_ns);
    integer(json, "net_ns", (int64_t)(all->saved_ns - all->pin_ns));
    leave(json, "}");
#define WRITE(name) number(json, #name, report->name);
    enter(json, "totals", "{");
    REPORT_SUM_NUMBERS(WRITE)
    REPORT_TOTAL_NUMBERS(WRITE)
#undef WRITE
    leave(json, "}");
}

static void write_count(struct json *json, const char *way, const struct report_count *count)
{
    enter(json, way, "{");
    number(json, "copies", count->copies);
    number(json, "bytes", count->bytes);
    number(json, "ns", count->ns);
    number(json, "bytes_per_second", rate_per_second(count->bytes, count->ns));
    leave(json, "}");
}

/* all: NULL for a site, which has no foreign ones. */
static void write_copies(struct json *json, const struct report_count count[DIR_COUNT][WAY_COUNT],
                         const struct report *all)
{
    enter(json, "copies", "{");
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        enter(json, report_directions[dir], "{");
        for (int way = 0; way < WAY_COUNT; way++)
            write_count(json, report_ways[way], &count[dir][way]);
        if (all) {
            write_count(json, "foreign", &all->foreign[dir]);
            write_count(json, "foreign_staged", &all->foreign_staged[dir]);
        }
        leave(json, "}");
    }
    leave(json, "}");
}

static void write_refused(struct json *json, const uint64_t refused[REASON_COUNT])
{
    enter(json, "refused", "{");
    for (int reason = 0; reason < REASON_COUNT; reason++)
        if (refused[reason])
            number(json, reason_name((enum reason)reason), refused[reason]);
    leave(json, "}");
}

static void write_build_id(struct json *json, const struct frame *frame)
{
    begin(json, "build_id");
    sink_text(json->out, "\"");
    for (unsigned i = 0; i < frame->build_id_bytes; i++)
        sink_printf(json->out, "%02x", frame->build_id[i]);
    sink_text(json->out, "\"");
}

static void write_stack(struct json *json, const struct report *report, const struct site *site)
{
    enter(json, "stack", "[");
    for (unsigned i = 0; i < site->n_frames; i++) {
        const struct frame *frame = &site->frame[i];
        char function[512];
        uint64_t offset;
        enter(json, NULL, "{");
        string(json, "module", frame->module);
        number(json, "module_offset", frame->offset);
        if (frame->build_id_bytes)
            write_build_id(json, frame);
        if (report_function(report, frame, function, sizeof function, &offset) == 0) {
            string(json, "function", function);
            number(json, "function_offset", offset);
        }
        leave(json, "}");
    }
    leave(json, "]");
}

/* As text, since many readers of JSON keep 53 bits of a number. */
static void write_key(struct json *json, const char *key, uint64_t value)
{
    begin(json, key);
    sink_printf(json->out, "\"%016llx\"", (unsigned long long)value);
}

static void write_site(struct json *json, const struct report *report, const struct report_site *site)
{
    enter(json, NULL, "{");
    write_key(json, "key", site->site->key);
    number(json, "size_log2", site->site->size_log2);
    if (site->site->rule_name)
        string(json, "rule", site->site->rule_name);
    else
        null(json, "rule");
    write_stack(json, report, site->site);
#define WRITE(name) number(json, #name, site->name);
    REPORT_SITE_COUNTERS(WRITE)
    REPORT_SITE_LEVELS(WRITE)
#undef WRITE
    write_copies(json, site->count, NULL);
    enter(json, "decision", "{");
    boolean(json, "refuses", reason_refuses(site->why));
    string(json, "reason", reason_name(site->why));
    string(json, "text", reason_text(site->why));
    leave(json, "}");
    write_refused(json, site->refused);
    leave(json, "}");
}

static void write_advice(struct json *json, const struct report *report)
{
    struct advice advice[ADVICE_MOST];
    const unsigned n = advice_find(report, advice);
    const struct sink inside = {put_escaped, (void *)json->out};
    enter(json, "advice", "[");
    for (unsigned i = 0; i < n; i++) {
        enter(json, NULL, "{");
        string(json, "kind", advice_kind_name(advice[i].kind));
        number(json, "predicted_gain_ns", advice[i].gain_ns);
        if (advice[i].site)
            write_key(json, "site", advice[i].site->site->key);
        else
            null(json, "site");
        begin(json, "text");
        sink_text(json->out, "\"");
        advice_write(&inside, &advice[i], 1);
        sink_text(json->out, "\"");
        leave(json, "}");
    }
    leave(json, "]");
    begin(json, "pinning_conf");
    sink_text(json->out, "\"");
    advice_write_all(&inside, advice, n);
    sink_text(json->out, "\"");
}

void report_print_json(const struct sink *out, const struct report *report)
{
    struct json json = {.out = out};
    enter(&json, NULL, "{");
    string(&json, "schema", "autopin-report-1");
    string(&json, "version", report->process->version);
    write_process(&json, report);
    write_totals(&json, report);
    write_copies(&json, report->count, report);
    write_refused(&json, report->all.refused);
    number(&json, "n_sites", report->n_sites);
    enter(&json, "sites", "[");
    for (unsigned i = 0; i < report->n_shown; i++)
        write_site(&json, report, &report->sites[i]);
    leave(&json, "]");
    begin(&json, "history");
    report_write_history(out, report);
    begin(&json, "curve");
    report_write_curve(out, report);
    write_advice(&json, report);
    leave(&json, "}");
    sink_text(out, "\n");
}

void report_write_json(const struct sink *out, const struct report_process *process, report_symbolise symbolise,
                       void *ctx, unsigned max_sites)
{
    struct report report;
    const int saved = errno;
    report_take(&report, process, symbolise, ctx, max_sites);
    report_print_json(out, &report);
    report_drop(&report);
    errno = saved;
}
