/* autopin tune: what other limits and rules would have brought, from a trace.  The replay is a program of its own
 * (scripts/replay/), since it stands in for the system that the policy runs on.  One thread, no lock. */
#include "scripts/command/beside.h"
#include "scripts/command/command.h"

enum {
    CAPS_MOST = 30
};

static int tune(int argc, char **argv)
{
    static const struct option longs[] = {{"cap", 1, NULL, 'C'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    static const char *const places[] = {"autopin-replay", "../libexec/autopin/autopin-replay", NULL};
    const char *words[4 + 2 * CAPS_MOST] = {"autopin-replay", "--tune"};
    unsigned n = 2;
    for (int option; (option = command_option(&tune_subcommand, argc, argv, ":h", longs)) != COMMAND_END;) {
        if (option == COMMAND_HELP)
            return command_flush();
        if (option == '?')
            return COMMAND_USAGE;
        if (n + 2 > 2 + 2 * CAPS_MOST)
            return command_usage(&tune_subcommand, COMMAND_USAGE, "it takes %d caps at most", CAPS_MOST);
        words[n++] = "--cap";
        words[n++] = optarg;
    }
    if (optind + 1 != argc)
        return command_usage(&tune_subcommand, COMMAND_USAGE, "it takes one trace, which AUTOPIN_TRACE=FILE records");
    words[n] = command_absolute(argv[optind]);
    const char *replay = beside_find(places);
    if (!replay)
        return command_fail(COMMAND_WRONG,
                            "autopin tune: autopin-replay is missing: it was looked for in %s and "
                            "../libexec/autopin",
                            beside_folder());
    return beside_become("tune", replay, words);
}

const struct subcommand tune_subcommand = {
    "tune", "a pinning.conf from a recorded trace", tune,
    "usage: autopin tune TRACE [--cap BYTES]...\n\n"
    "Replays a trace, which AUTOPIN_TRACE=FILE records, through the library's own decisions under other limits and\n"
    "rules.  Prints a pinning.conf, each line with the gain it is predicted to bring; a summary goes to stderr.\n\n"
    "      --cap BYTES    a limit on pinned memory to try: 4G, for example; some are chosen unless given\n"
    "  -h, --help         this\n\n"
    "Exit status: 0, 1 when the file is no trace (one sentence says where it is wrong), 2 for a wrong command line.\n"};
