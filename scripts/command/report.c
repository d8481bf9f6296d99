/* autopin report: a report in JSON as text, by the code that wrote the library's own, or as a page, by page.py.  One
 * thread, no lock. */
#define _GNU_SOURCE
#include "scripts/command/command.h"

#include <sys/mman.h>
#include <unistd.h>

#include "policy/parse.h"
#include "scripts/command/beside.h"
#include "scripts/command/perf_map.h"
#include "scripts/command/report_read.h"
#include "scripts/command/symbols.h"

static const struct option_info sites_info = {.type = OPTION_TYPE_COUNT, .minimum = "0", .maximum = "100000"};

/* What page.py reads in place of the file: the report with its source lines.  Errors: -1. */
static int put_report(const json_t *json)
{
    const int memory = memfd_create("report", 0);
    if (memory < 0 || json_dumpfd(json, memory, JSON_COMPACT) || lseek(memory, 0, SEEK_SET) || dup2(memory, 0) < 0)
        return -1;
    return close(memory);
}

static int become_page(const json_t *json, const char *page)
{
    static const char *const places[] = {"../share/autopin/page.py", "../scripts/command/page.py", NULL};
    const char *script = beside_find(places);
    if (!script)
        return command_fail(COMMAND_WRONG,
                            "autopin report: page.py is missing: it was looked for in %s../share/autopin",
                            beside_folder());
    if (put_report(json))
        return command_fail(COMMAND_WRONG, "autopin report: there is no memory");
    const char *const words[] = {script, "-", "-o", command_absolute(page), NULL};
    return beside_become("report", script, words);
}

static int report(int argc, char **argv)
{
    static const struct option longs[] = {{"sites", 1, NULL, 'n'},     {"html", 1, NULL, 'H'},
                                          {"no-source", 0, NULL, 'S'}, {"debug-files", 1, NULL, 'D'},
                                          {"help", 0, NULL, 'h'},      {NULL, 0, NULL, 0}};
    static struct loaded loaded;
    uint64_t sites = LOADED_SITES_MOST;
    const char *page = NULL, *debug = NULL;
    int source = 1;
    for (int option; (option = command_option(&report_subcommand, argc, argv, ":n:h", longs)) != COMMAND_END;) {
        if (option == COMMAND_HELP)
            return command_flush();
        if (option == '?')
            return COMMAND_USAGE;
        if (option == 'H')
            page = optarg;
        else if (option == 'S')
            source = 0;
        else if (option == 'D')
            debug = command_absolute(optarg);
        else if (parse_option(&sites_info, optarg, 0, &sites))
            return command_usage(&report_subcommand, COMMAND_USAGE,
                                 "'%.40s' is no number of sites, expected 0 to 100000", optarg);
    }
    if (optind + 1 != argc)
        return command_usage(&report_subcommand, COMMAND_USAGE, "it takes one report");
    if (report_read(&loaded, argv[optind]))
        return command_fail(COMMAND_WRONG, "autopin report: %s", loaded.error);
    if (loaded.report.n_kept > sites && !page)
        loaded.report.n_kept = loaded.report.n_shown = (unsigned)sites;
    if (source) {
        symbols_add(&loaded, debug);
        perf_map_add(&loaded, argv[optind]);
    }
    if (page)
        return become_page(loaded.json, page);
    loaded.report.locate = symbols_print;
    report_print_text(&command_stdout, &loaded.report);
    return command_flush();
}

const struct subcommand report_subcommand = {
    "report", "a report in JSON as text, or as a page with plots", report,
    "usage: autopin report FILE.json [--sites N | --html PAGE] [--no-source | --debug-files FOLDER]\n\n"
    "Prints the text that the library would have written for the same process, or for all processes of a report\n"
    "that autopin merge wrote; and where the modules have debug information, the file and line of each frame and\n"
    "the functions inlined there.  It is taken from the module, from a separate debug file beside it, or by build-id\n"
    "from /usr/lib/debug; from no other file than the one that ran, and from no server.\n\n"
    "  -n, --sites N    at most N call sites; all that the file lists unless given\n"
    "      --html PAGE  no text, but one HTML file with plots, which needs nothing else (takes python3-matplotlib)\n"
    "      --no-source  the text as the library wrote it, without files and lines\n"
    "      --debug-files FOLDER\n"
    "                   separate debug files here too: FOLDER/.build-id/ab/cdef.debug\n"
    "  -h, --help       this\n\n"
    "Exit status: 0, 1 when the file is no such report (one sentence says where it is wrong), 2 for a wrong\n"
    "command line.\n"};
