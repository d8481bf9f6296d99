/* A report in JSON read back into struct report: see report_read.h.  The fields are those of the lists in
 * policy/report.h; the keys that stand alone are those of policy/report_json.c. */
#include "scripts/command/report_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scripts/command/json_node.h"

int report_read_symbolise(void *ctx, const struct frame *frame, char *function, size_t cap, uint64_t *offset)
{
    const struct loaded_name *name = (const void *)frame->pc; /* NOLINT(performance-no-int-to-ptr) */
    (void)ctx;
    if (!name->function)
        return -ENOENT;
    snprintf(function, cap, "%s", name->function);
    *offset = name->offset;
    return 0;
}

static void read_process(struct loaded *out, const struct node *root)
{
    struct report_process *process = &out->process;
    const struct node head = node_object(root, "process"), backend = node_object(root, "backend");
    const struct node notes = node_array(root, "notes", REPORT_NOTES);
    process->version = node_string(root, "version");
    process->pid = node_integer(&head, "pid");
    process->program = node_string(&head, "program");
    process->command_line = node_string(&head, "command_line");
    process->cause = node_string(&head, "cause");
    out->report.duration_ns = node_number(&head, "duration_ns");
    process->backend = node_string(&backend, "name");
    process->driver = node_string(&backend, "driver");
    process->simulated = node_boolean(&backend, "simulated");
    process->config_file = node_string(root, "config_file");
    for (; process->n_notes < json_array_size(notes.value); process->n_notes++) {
        const struct node note = node_item(&notes, process->n_notes);
        process->notes[process->n_notes] = node_string_itself(&note);
    }
}

/* The processes of a report that was merged; a report of one process has no such list. */
static void read_members(struct loaded *out, const struct node *root)
{
    if (!json_object_get(root->value, "processes"))
        return;
    const struct node list = node_array(root, "processes", LOADED_SITES_MOST);
    const size_t n = json_array_size(list.value);
    struct report_member *members = calloc(n + 1, sizeof *members);
    if (!members)
        node_wrong(&list, "a list that memory can hold");
    for (size_t i = 0; members && i < n; i++) {
        const struct node at = node_item(&list, i);
        if (!json_is_object(at.value))
            node_wrong(&at, "an object");
        members[i].program = node_string(&at, "program");
        members[i].cause = node_string(&at, "cause");
        members[i].pid = node_integer(&at, "pid");
        members[i].duration_ns = node_number(&at, "duration_ns");
    }
    out->process.members = members;
    out->process.n_members = members ? (unsigned)n : 0;
}

static void read_refused(uint64_t refused[REASON_COUNT], const struct node *up)
{
    const struct node at = node_object(up, "refused");
    for (int reason = 0; reason < REASON_COUNT; reason++)
        if (json_object_get(at.value, reason_name((enum reason)reason)))
            refused[reason] = node_number(&at, reason_name((enum reason)reason));
}

static void read_totals(struct report *report, struct report_process *process, const struct node *root)
{
    const struct node pinned = node_object(root, "pinned"), pins = node_object(root, "pins"),
                      gain = node_object(root, "gain"), totals = node_object(root, "totals");
#define READ(name) report->pinned.name = node_number(&pinned, #name);
    REPORT_LEDGER_NUMBERS(READ)
#undef READ
    const struct node vm_lck = node_member(&pinned, "vm_lck_bytes");
    process->vm_lck_bytes = json_is_null(vm_lck.value) ? UINT64_MAX : node_number(&pinned, "vm_lck_bytes");
#define READ(name) report->all.name = node_number(&pins, #name);
    REPORT_PIN_NUMBERS(READ)
#undef READ
    report->all.saved_ns = node_number(&gain, "saved_ns");
    report->all.lost_ns = node_number(&gain, "lost_ns");
#define READ(name) report->name = node_number(&totals, #name);
    REPORT_SUM_NUMBERS(READ)
    REPORT_TOTAL_NUMBERS(READ)
#undef READ
    read_refused(report->all.refused, root);
}

static void read_count(struct report_count *count, const struct node *up, const char *way)
{
    const struct node at = node_object(up, way);
    count->copies = node_number(&at, "copies");
    count->bytes = node_number(&at, "bytes");
    count->ns = node_number(&at, "ns");
}

/* all: NULL for a site. */
static void read_copies(struct report_count count[DIR_COUNT][WAY_COUNT], struct report *all, const struct node *up)
{
    const struct node at = node_object(up, "copies");
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        const struct node one = node_object(&at, report_directions[dir]);
        for (int way = 0; way < WAY_COUNT; way++)
            read_count(&count[dir][way], &one, report_ways[way]);
        if (all) {
            read_count(&all->foreign[dir], &one, "foreign");
            read_count(&all->foreign_staged[dir], &one, "foreign_staged");
        }
    }
}

static void read_build_id(struct frame *frame, const struct node *up)
{
    const char *text = node_string(up, "build_id");
    const size_t len = strlen(text);
    if (len % 2 || len / 2 > FRAME_ID_MOST || strspn(text, "0123456789abcdef") != len) {
        const struct node at = node_member(up, "build_id");
        node_wrong(&at, "a build-id in hexadecimal digits");
        return;
    }
    for (size_t i = 0; i < len / 2; i++) {
        const char digits[] = {text[2 * i], text[2 * i + 1], 0};
        frame->build_id[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    frame->build_id_bytes = (unsigned char)(len / 2);
}

static void read_stack(struct site *site, struct loaded_name *names, const struct node *up)
{
    const struct node stack = node_array(up, "stack", SITE_FRAMES);
    site->n_frames = (unsigned)json_array_size(stack.value);
    for (unsigned i = 0; i < site->n_frames; i++) {
        const struct node at = node_item(&stack, i);
        struct frame *frame = &site->frame[i];
        if (!json_is_object(at.value))
            node_wrong(&at, "an object");
        frame->module = node_string(&at, "module");
        frame->offset = node_number(&at, "module_offset");
        frame->pc = (uintptr_t)&names[i];
        names[i].json = at.value;
        if (json_object_get(at.value, "build_id"))
            read_build_id(frame, &at);
        if (json_object_get(at.value, "function")) {
            names[i].function = node_string(&at, "function");
            names[i].offset = node_number(&at, "function_offset");
        }
    }
}

static void read_reason(struct report_site *out, const struct node *up)
{
    const struct node decision = node_object(up, "decision"), at = node_member(&decision, "reason");
    const char *name = node_string_itself(&at);
    for (int reason = 0; reason < REASON_COUNT; reason++)
        if (strcmp(name, reason_name((enum reason)reason)) == 0) {
            out->why = (enum reason)reason;
            return;
        }
    node_wrong(&at, "the name of a reason");
}

static void read_site(struct loaded *out, size_t i, const struct node *at)
{
    struct report_site *figures = &out->report.sites[i];
    struct site *site = &out->site[i];
    if (!json_is_object(at->value))
        node_wrong(at, "an object");
    site->key = node_key(at, "key");
    const struct node size = node_member(at, "size_log2"), rule = node_member(at, "rule");
    const uint64_t size_log2 = node_number(at, "size_log2");
    if (size_log2 > 63)
        node_wrong(&size, "a whole number from 0 to 63");
    site->size_log2 = (unsigned)size_log2 & 63;
    if (!json_is_null(rule.value))
        site->rule_name = node_string_itself(&rule);
    read_stack(site, out->name + i * SITE_FRAMES, at);
#define READ(name) figures->name = node_number(at, #name);
    REPORT_SITE_COUNTERS(READ)
    REPORT_SITE_LEVELS(READ)
#undef READ
    read_copies(figures->count, NULL, at);
    read_reason(figures, at);
    read_refused(figures->refused, at);
    figures->site = site;
}

static void read_sites(struct loaded *out, const struct node *root)
{
    const struct node sites = node_array(root, "sites", LOADED_SITES_MOST);
    const size_t n = json_array_size(sites.value);
    out->report.n_sites = node_number(root, "n_sites");
    out->report.sites = calloc(n + 1, sizeof *out->report.sites);
    out->site = calloc(n + 1, sizeof *out->site);
    out->name = calloc((n + 1) * SITE_FRAMES, sizeof *out->name);
    if (!out->report.sites || !out->site || !out->name) {
        node_wrong(&sites, "a list that memory can hold");
        return;
    }
    for (size_t i = 0; i < n && !out->error[0]; i++) {
        const struct node at = node_item(&sites, i);
        read_site(out, i, &at);
    }
    out->report.n_kept = out->report.n_shown = (unsigned)n;
}

void report_unread(struct loaded *out)
{
    free(out->report.sites);
    free(out->site);
    free(out->name);
    free((void *)out->process.members);
    json_decref(out->json);
    memset(out, 0, sizeof *out);
}

int report_read(struct loaded *out, const char *file)
{
    memset(out, 0, sizeof *out);
    struct json_reader reader = {file, out->error, sizeof out->error};
    if (node_read(&reader, &out->json))
        return -1;
    const struct node root = {&reader, NULL, NULL, 0, out->json}, schema = node_member(&root, "schema");
    if (!json_is_object(root.value))
        node_wrong(&root, "an object");
    else if (strcmp(node_string_itself(&schema), "autopin-report-1") != 0)
        node_wrong(&schema, "'autopin-report-1'");
    out->report.process = &out->process;
    out->report.symbolise = report_read_symbolise;
    read_process(out, &root);
    read_members(out, &root);
    read_totals(&out->report, &out->process, &root);
    read_copies(out->report.count, &out->report, &root);
    out->report.advice = node_string(&root, "pinning_conf");
    if (!out->error[0])
        read_sites(out, &root);
    return out->error[0] ? -1 : 0;
}
