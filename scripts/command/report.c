/* autopin report: a report in JSON as text, by the code that wrote the library's own, or as a page, by page.py.  One
 * thread, no lock. */
#include "scripts/command/command.h"

#include "policy/parse.h"
#include "scripts/command/beside.h"
#include "scripts/command/report_read.h"

static const struct option_info sites_info = {.type = OPTION_TYPE_COUNT, .minimum = "0", .maximum = "100000"};

static int become_page(const char *file, const char *page)
{
    static const char *const places[] = {"../share/autopin/page.py", "../scripts/command/page.py", NULL};
    const char *script = beside_find(places);
    if (!script)
        return command_fail(COMMAND_WRONG,
                            "autopin report: page.py is missing: it was looked for in %s../share/autopin",
                            beside_folder());
    const char *const words[] = {script, command_absolute(file), "-o", command_absolute(page), NULL};
    return beside_become("report", script, words);
}

static int report(int argc, char **argv)
{
    static const struct option longs[] = {
        {"sites", 1, NULL, 'n'}, {"html", 1, NULL, 'H'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    static struct loaded loaded;
    uint64_t sites = LOADED_SITES_MOST;
    const char *page = NULL;
    for (int option; (option = command_option(&report_subcommand, argc, argv, ":n:h", longs)) != COMMAND_END;) {
        if (option == COMMAND_HELP)
            return command_flush();
        if (option == '?')
            return COMMAND_USAGE;
        if (option == 'H')
            page = optarg;
        else if (parse_option(&sites_info, optarg, 0, &sites))
            return command_usage(&report_subcommand, COMMAND_USAGE,
                                 "'%.40s' is no number of sites, expected 0 to 100000", optarg);
    }
    if (optind + 1 != argc)
        return command_usage(&report_subcommand, COMMAND_USAGE, "it takes one report");
    if (report_read(&loaded, argv[optind]))
        return command_fail(COMMAND_WRONG, "autopin report: %s", loaded.error);
    if (page)
        return become_page(argv[optind], page);
    if (loaded.report.n_shown > sites)
        loaded.report.n_shown = (unsigned)sites;
    report_print_text(&command_stdout, &loaded.report);
    return command_flush();
}

const struct subcommand report_subcommand = {
    "report", "a report in JSON as text, or as a page with plots", report,
    "usage: autopin report FILE.json [--sites N | --html PAGE]\n\n"
    "Prints the text that the library would have written for the same process, or for all processes of a report\n"
    "that autopin merge wrote.\n\n"
    "  -n, --sites N    at most N call sites; all that the file lists unless given\n"
    "      --html PAGE  no text, but one HTML file with plots, which needs nothing else (takes python3-matplotlib)\n"
    "  -h, --help       this\n\n"
    "Exit status: 0, 1 when the file is no such report (one sentence says where it is wrong), 2 for a wrong\n"
    "command line.\n"};
