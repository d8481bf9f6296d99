/* autopin merge: the reports of several processes, most often the ranks of one job, as one report.
 *
 * What becomes of the figures is told in merge_figures.h; a site is known by its key.  The result is written by the
 * library's own writer and then given the list of processes and the advice (merge_advice.c).  One thread, no lock. */
#define _GNU_SOURCE
#include "scripts/command/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scripts/command/merge.h"
#include "scripts/command/merge_advice.h"
#include "scripts/command/merge_figures.h"
#include "scripts/command/merge_twice.h"
#include "scripts/command/report_read.h"

/* --- the process -----------------------------------------------------------------------------------------------------
 */

static const char *common(const char *one, const char *other, const char *several)
{
    return strcmp(one, other) == 0 ? one : several;
}

static void add_notes(struct report_process *to, const struct report_process *from)
{
    for (unsigned i = 0; i < from->n_notes; i++) {
        unsigned at = 0;
        while (at < to->n_notes && strcmp(to->notes[at], from->notes[i]) != 0)
            at++;
        if (at == to->n_notes && at < REPORT_NOTES)
            to->notes[to->n_notes++] = from->notes[i];
    }
}

static void add_process(struct report_process *to, const struct report_process *from)
{
    to->pid = 0;
    to->program = common(to->program, from->program, "several programs");
    to->command_line = common(to->command_line, from->command_line, "");
    to->cause = common(to->cause, from->cause, "several causes");
    to->version = common(to->version, from->version, "of several versions");
    to->backend = common(to->backend, from->backend, "several");
    to->driver = common(to->driver, from->driver, "several drivers");
    to->config_file = common(to->config_file, from->config_file, "several files");
    to->simulated |= from->simulated;
    if (to->vm_lck_bytes == UINT64_MAX || from->vm_lck_bytes == UINT64_MAX)
        to->vm_lck_bytes = UINT64_MAX;
    else
        merge_add(&to->vm_lck_bytes, from->vm_lck_bytes);
    add_notes(to, from);
}

/* --- sites -----------------------------------------------------------------------------------------------------------
 */

static int by_key(const void *one, const void *other)
{
    const uint64_t a = ((const struct report_site *)one)->site->key, b = ((const struct report_site *)other)->site->key;
    return a < b ? -1 : a > b;
}

static uint64_t importance(const struct report_site *site)
{
    uint64_t lost = site->lost_ns;
    merge_add(&lost, site->paid_ns);
    const uint64_t most = lost > site->saved_ns ? lost : site->saved_ns;
    return most > site->pin_ns ? most : site->pin_ns;
}

static int by_importance(const void *one, const void *other)
{
    const uint64_t a = importance(one), b = importance(other);
    return a > b ? -1 : a < b ? 1 : by_key(one, other);
}

/* Errors: -1, there is no memory. */
static int merge_sites(struct report *to, const struct loaded *from, unsigned n)
{
    size_t n_all = 0;
    for (unsigned i = 0; i < n; i++)
        n_all += from[i].report.n_kept;
    to->sites = calloc(n_all + 1, sizeof *to->sites);
    if (!to->sites)
        return -1;
    n_all = 0;
    for (unsigned i = 0; i < n; i++) {
        if (from[i].report.n_kept)
            memcpy(to->sites + n_all, from[i].report.sites, from[i].report.n_kept * sizeof *to->sites);
        n_all += from[i].report.n_kept;
    }
    qsort(to->sites, n_all, sizeof *to->sites, by_key);
    size_t last = 0;
    for (size_t i = 1; i < n_all; i++)
        if (to->sites[i].site->key == to->sites[last].site->key)
            merge_site(&to->sites[last], &to->sites[i]);
        else
            to->sites[++last] = to->sites[i];
    const size_t kept = n_all ? last + 1 : 0;
    qsort(to->sites, kept, sizeof *to->sites, by_importance);
    to->n_kept = to->n_shown = (unsigned)(kept < LOADED_SITES_MOST ? kept : LOADED_SITES_MOST);
    if (to->n_sites < kept)
        to->n_sites = kept;
    return 0;
}

/* --- the document ----------------------------------------------------------------------------------------------------
 */

/* A process each, or the processes that a merged report lists. */
static json_t *list_processes(const struct loaded *from, unsigned n)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < n; i++) {
        json_t *several = json_object_get(from[i].json, "processes");
        if (several)
            json_array_extend(list, several);
        else
            json_array_append(list, json_object_get(from[i].json, "process"));
    }
    return list;
}

static void put_memory(void *ctx, const char *text, size_t len)
{
    fwrite(text, 1, len, ctx);
}

/* The merged report as JSON; NULL when there is no memory. */
static json_t *merge(const struct loaded *from, unsigned n)
{
    static struct report all;
    static struct report_process process;
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    all = from[0].report;
    process = from[0].process;
    all.process = &process;
    for (unsigned i = 1; i < n; i++) {
        merge_report(&all, &from[i].report);
        add_process(&process, &from[i].process);
    }
    const int merged = memory && merge_sites(&all, from, n) == 0;
    if (merged)
        report_print_json(&(struct sink){put_memory, memory}, &all);
    const int written = memory && fclose(memory) == 0;
    json_t *json = merged && written ? json_loadb(text, len, 0, NULL) : NULL;
    if (json)
        json_object_set_new(json, "processes", list_processes(from, n));
    if (merged)
        free(all.sites);
    free(text);
    return json;
}

json_t *merge_reports(const struct loaded *from, char *const *files, unsigned n, char *error, size_t cap)
{
    json_t *json = merge(from, n);
    snprintf(error, cap, "%s", json ? "" : "there is no memory");
    if (json && merge_advice(json, from, files, n, error, cap)) {
        json_decref(json);
        json = NULL;
    }
    return json;
}

/* A reader sees the old file or the whole new one.  What is there and is no file (a device, a link such as /dev/stdout)
 * is written to, and not replaced. */
static int write_out(const json_t *json, const char *path)
{
    struct stat there;
    const size_t flags = JSON_INDENT(2) | JSON_PRESERVE_ORDER;
    char *fresh;
    if (!path) {
        json_dumpf(json, stdout, flags);
        putchar('\n');
        return command_flush();
    }
    const int in_place = lstat(path, &there) == 0 && !S_ISREG(there.st_mode);
    if (asprintf(&fresh, in_place ? "%s" : "%s.%d.tmp", path, (int)getpid()) < 0)
        return command_fail(COMMAND_WRONG, "autopin merge: there is no memory");
    FILE *file = fopen(fresh, "we");
    int rc = file ? json_dumpf(json, file, flags) | (fputc('\n', file) == EOF) : -1;
    if (file && fclose(file))
        rc = -1;
    if (rc || (!in_place && rename(fresh, path))) {
        rc = command_fail(COMMAND_WRONG, "autopin merge: %s cannot be written: %s", path, strerrordesc_np(errno));
        if (file && !in_place)
            unlink(fresh);
    }
    return rc;
}

static int merge_files(char *const *files, unsigned n, const char *out)
{
    struct loaded *from = calloc(n, sizeof *from);
    char error[1200] = "";
    json_t *json = NULL;
    for (unsigned i = 0; from && i < n; i++)
        if (report_read(&from[i], files[i]))
            return command_fail(COMMAND_WRONG, "autopin merge: %s", from[i].error);
    if (!from)
        return command_fail(COMMAND_WRONG, "autopin merge: there is no memory");
    json = merge_reports(from, files, n, error, sizeof error);
    if (!json)
        return command_fail(COMMAND_WRONG, "autopin merge: %s", error);
    merge_say_twice(from, files, n);
    return write_out(json, out);
}

static int merge_main(int argc, char **argv)
{
    static const struct option longs[] = {{"output", 1, NULL, 'o'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    const char *out = NULL;
    for (int option; (option = command_option(&merge_subcommand, argc, argv, ":o:h", longs)) != COMMAND_END;) {
        if (option == COMMAND_HELP)
            return command_flush();
        if (option == '?')
            return COMMAND_USAGE;
        out = optarg;
    }
    if (optind == argc)
        return command_usage(&merge_subcommand, COMMAND_USAGE, "there is no report to merge");
    return merge_files(argv + optind, (unsigned)(argc - optind), out);
}

const struct subcommand merge_subcommand = {
    "merge", "the reports of several processes as one", merge_main,
    "usage: autopin merge [-o OUT.json] FILE.json...\n\n"
    "Makes one report in JSON of those of several processes, such as the ranks of a job; autopin report prints it.\n"
    "What was counted is summed, and so are times, peaks and caps: a peak is then the most that all processes\n"
    "together can have held.  Sites are matched by their keys.  The processes are listed.  Reports that are merged\n"
    "already can be merged further; a process that two of the files tell of counts twice, which is said.\n\n"
    "  -o, --output OUT    where to; stdout unless given\n"
    "  -h, --help          this\n\n"
    "Exit status: 0, 1 when a file is no report or OUT cannot be written, 2 for a wrong command line.\n"};
