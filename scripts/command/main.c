/* autopin: the command beside libautopin.so.  Owns the table of subcommands.  See command.h. */
#include "scripts/command/command.h"

#include <stdio.h>
#include <string.h>

#include "policy/parse.h"
#include "preload/version.h"

static const struct subcommand *const subcommands[] = {
    &run_subcommand,   &config_subcommand, &report_subcommand, &top_subcommand,
    &merge_subcommand, &tune_subcommand,   &doctor_subcommand,
};
enum {
    SUBCOMMANDS = sizeof subcommands / sizeof subcommands[0]
};

static int print_help(void)
{
    puts("usage: autopin SUBCOMMAND [ARGUMENTS]\n       autopin --version | --help\n");
    for (int i = 0; i < SUBCOMMANDS; i++)
        printf("  %-8s %s\n", subcommands[i]->name, subcommands[i]->brief);
    puts("\nautopin SUBCOMMAND --help says more.  Without the command: LD_PRELOAD=libautopin.so PROGRAM.");
    return command_flush();
}

static int unknown(const char *name)
{
    const char *near = NULL;
    unsigned least = 3;
    for (int i = 0; i < SUBCOMMANDS; i++) {
        const unsigned distance = parse_distance(name, subcommands[i]->name);
        if (distance < least) {
            least = distance;
            near = subcommands[i]->name;
        }
    }
    if (near)
        return command_fail(COMMAND_USAGE, "autopin: there is no subcommand '%.40s'; did you mean %s?", name, near);
    return command_fail(COMMAND_USAGE, "autopin: there is no subcommand '%.40s'; autopin --help lists them", name);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (argc < 2)
        return command_fail(COMMAND_USAGE, "autopin: which subcommand? autopin --help lists them");
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return print_help();
    if (strcmp(name, "--version") == 0) {
        puts("autopin " AUTOPIN_VERSION);
        return command_flush();
    }
    for (int i = 0; i < SUBCOMMANDS; i++)
        if (strcmp(name, subcommands[i]->name) == 0)
            return subcommands[i]->act(argc - 1, argv + 1);
    return unknown(name);
}
