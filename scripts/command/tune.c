/* autopin tune: what other limits and rules would have brought, from a report or a trace.  The replay of a trace is a
 * program of its own (scripts/replay/), since it stands in for the system that the policy runs on.  One thread, no
 * lock. */
#include "scripts/command/beside.h"
#include "scripts/command/command.h"
#include "scripts/command/tune_report.h"

static int become_replay(const char *trace, const char *const *caps, unsigned n_caps)
{
    static const char *const places[] = {"autopin-replay", "../libexec/autopin/autopin-replay", NULL};
    const char *words[4 + 2 * TUNE_CAPS_MOST] = {"autopin-replay", "--tune"}, *replay = beside_find(places);
    unsigned n = 2;
    for (unsigned i = 0; i < n_caps; i++) {
        words[n++] = "--cap";
        words[n++] = caps[i];
    }
    words[n] = command_absolute(trace);
    if (!replay)
        return command_fail(COMMAND_WRONG,
                            "autopin tune: autopin-replay is missing: it was looked for in %s and "
                            "../libexec/autopin",
                            beside_folder());
    return beside_become("tune", replay, words);
}

static int tune(int argc, char **argv)
{
    static const struct option longs[] = {{"cap", 1, NULL, 'C'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    const char *caps[TUNE_CAPS_MOST];
    unsigned n = 0;
    for (int option; (option = command_option(&tune_subcommand, argc, argv, ":h", longs)) != COMMAND_END;) {
        if (option == COMMAND_HELP)
            return command_flush();
        if (option == '?')
            return COMMAND_USAGE;
        if (n == TUNE_CAPS_MOST)
            return command_usage(&tune_subcommand, COMMAND_USAGE, "it takes %d caps at most", TUNE_CAPS_MOST);
        caps[n++] = optarg;
    }
    if (optind + 1 != argc)
        return command_usage(&tune_subcommand, COMMAND_USAGE,
                             "it takes one report in JSON, or one trace, which AUTOPIN_TRACE=FILE records");
    return tune_is_report(argv[optind]) ? tune_from_report(argv[optind], caps, n)
                                        : become_replay(argv[optind], caps, n);
}

const struct subcommand tune_subcommand = {
    "tune", "a pinning.conf from a report or a recorded trace", tune,
    "usage: autopin tune REPORT.json | RECORD | TRACE [--cap BYTES]...\n\n"
    "Prints a pinning.conf, each line with the gain it is predicted to bring; a summary goes to stderr.  Of a report,\n"
    "also one that autopin merge wrote, or the record of a process, these are its own advice and, of the caps asked\n"
    "for, the best by its curve, without advice about sites for which it has no room.  A trace, which\n"
    "AUTOPIN_TRACE=FILE records, is replayed through the library's own decisions under other limits and rules: that\n"
    "takes what happens together into account.\n\n"
    "      --cap BYTES    a limit on pinned memory to try: 4G, for example; some are chosen unless given\n"
    "  -h, --help         this\n\n"
    "Exit status: 0, 1 when the file is neither (one sentence says where it is wrong), 2 for a wrong command line.\n"};
