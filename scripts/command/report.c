/* autopin report: a report in JSON, or the record of a process, as text, by the code that wrote the library's own, as
 * JSON, or as a page, by page.py.  One thread, no lock. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/parse.h"
#include "scripts/command/beside.h"
#include "scripts/command/command.h"
#include "scripts/command/perf_map.h"
#include "scripts/command/report_read.h"
#include "scripts/command/report_records.h"
#include "scripts/command/symbols.h"

static const struct option_info sites_info = {.type = OPTION_TYPE_COUNT, .minimum = "0", .maximum = "100000"};

enum form {
    FORM_TEXT,
    FORM_JSON,
    FORM_PAGE
};

struct wish {
    uint64_t sites;
    enum form form;
    const char *page, *debug;
    int clean, sourceless;
};

static int print_json(const struct loaded *loaded, FILE *out)
{
    return json_dumpf(loaded->json, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER) || fputc('\n', out) == EOF;
}

/* What page.py reads in place of the file: the report with its source lines.  Errors: -1. */
static int put_report(const json_t *json)
{
    const int memory = memfd_create("report", 0);
    if (memory < 0 || json_dumpfd(json, memory, JSON_COMPACT) || lseek(memory, 0, SEEK_SET) || dup2(memory, 0) < 0)
        return -1;
    return close(memory);
}

static int become_page(const struct loaded *loaded, const char *page)
{
    static const char *const places[] = {"../share/autopin/page.py", "../scripts/command/page.py", NULL};
    const char *script = beside_find(places);
    if (!script)
        return command_fail(COMMAND_WRONG,
                            "autopin report: page.py is missing: it was looked for in %s../share/autopin",
                            beside_folder());
    if (put_report(loaded->json))
        return command_fail(COMMAND_WRONG, "autopin report: there is no memory");
    const char *const words[] = {script, "-", "-o", command_absolute(page), NULL};
    return beside_become("report", script, words);
}

static int report_file(const char *file, const struct wish *wish)
{
    static struct loaded loaded;
    if (report_read(&loaded, file))
        return command_fail(COMMAND_WRONG, "autopin report: %s", loaded.error);
    if (loaded.report.n_kept > wish->sites && wish->form == FORM_TEXT)
        loaded.report.n_kept = loaded.report.n_shown = (unsigned)wish->sites;
    if (!wish->sourceless) {
        symbols_add(&loaded, wish->debug);
        perf_map_add(&loaded, file);
    }
    if (wish->form == FORM_PAGE)
        return become_page(&loaded, wish->page);
    loaded.report.locate = symbols_print;
    if (wish->form == FORM_JSON)
        print_json(&loaded, stdout);
    else
        report_print_text(&command_stdout, &loaded.report);
    return command_flush();
}

/* Returns COMMAND_END when all is read, else the exit status. */
static int read_options(int argc, char **argv, struct wish *wish)
{
    static const struct option longs[] = {
        {"sites", 1, NULL, 'n'},     {"html", 1, NULL, 'H'},        {"json", 0, NULL, 'J'}, {"clean", 0, NULL, 'C'},
        {"no-source", 0, NULL, 'S'}, {"debug-files", 1, NULL, 'D'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    for (int option; (option = command_option(&report_subcommand, argc, argv, ":n:h", longs)) != COMMAND_END;) {
        if (option == COMMAND_HELP)
            return command_flush();
        if (option == '?')
            return COMMAND_USAGE;
        if (option == 'n' && parse_option(&sites_info, optarg, 0, &wish->sites))
            return command_usage(&report_subcommand, COMMAND_USAGE,
                                 "'%.40s' is no number of sites, expected 0 to 100000", optarg);
        wish->clean |= option == 'C';
        wish->sourceless |= option == 'S';
        if (option == 'D')
            wish->debug = command_absolute(optarg);
        if (option == 'J')
            wish->form = FORM_JSON;
        if (option == 'H') {
            wish->form = FORM_PAGE;
            wish->page = optarg;
        }
    }
    return COMMAND_END;
}

static int report(int argc, char **argv)
{
    struct wish wish = {.sites = LOADED_SITES_MOST};
    const int status = read_options(argc, argv, &wish), bare = argc == 1, files = argc - optind;
    if (status != COMMAND_END)
        return status;
    if (wish.clean && argc == 2)
        return report_clean_records();
    if (wish.clean)
        return command_usage(&report_subcommand, COMMAND_USAGE, "--clean stands alone");
    if (bare)
        return report_list_records();
    if (files != 1)
        return command_usage(&report_subcommand, COMMAND_USAGE, "it takes one report");
    return report_file(argv[optind], &wish);
}

const struct subcommand report_subcommand = {
    "report", "a report, or what a process left behind, as text, JSON or a page", report,
    "usage: autopin report FILE [--sites N | --json | --html PAGE] [--no-source | --debug-files FOLDER]\n"
    "       autopin report [--clean]\n\n"
    "Prints the text that the library would have written for the same process, or for all processes of a report\n"
    "that autopin merge wrote.  FILE is a report in JSON or the record that the library keeps of a process: there is\n"
    "one while it runs, and after an end that nobody could see coming.  Without FILE: which records there are.\n\n"
    "Where the modules have debug information, each frame has its file and line, and the functions inlined there.\n"
    "It is taken from the module, from a separate debug file beside it, or by build-id from /usr/lib/debug; from no\n"
    "other file than the one that ran, and from no server.\n\n"
    "  -n, --sites N    at most N call sites; all that the file lists unless given\n"
    "      --json       JSON instead of text\n"
    "      --html PAGE  no text, but one HTML file with plots, which needs nothing else (takes python3-matplotlib)\n"
    "      --no-source  the report as the library wrote it, without files and lines\n"
    "      --debug-files FOLDER\n"
    "                   separate debug files here too: FOLDER/.build-id/ab/cdef.debug\n"
    "      --clean      removes the records of processes that are gone, not those of another PID namespace\n"
    "  -h, --help       this\n\n"
    "Exit status: 0, 1 when the file is no such report (one sentence says where it is wrong) or a record cannot be\n"
    "removed, 2 for a wrong command line.\n"};
