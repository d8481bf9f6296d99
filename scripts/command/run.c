/* autopin run: becomes a program that has libautopin.so preloaded, or says why that cannot be.
 *
 * The command is replaced by the program (exec), so that exit status, signals and the process's number are the
 * program's by construction.  One thread, no lock.  The checks of files are in run_check.c. */
#define _GNU_SOURCE
#include "scripts/command/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/parse.h"
#include "scripts/command/beside.h"
#include "scripts/command/run_check.h"

#if defined(__x86_64__)
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#else
#define MULTIARCH "."
#endif

enum {
    PATH_MOST = 4096,
    SETTING_MOST = 64 /* bytes of "AUTOPIN_" and an option's name */
};

/* Where the library is: in path, or "" once it has been said that it is nowhere. */
static int find_library(char *path)
{
    static const char *const places[] = {"libautopin.so", "../lib/libautopin.so", "../lib/" MULTIARCH "/libautopin.so",
                                         NULL};
    const char *given = getenv("AUTOPIN_LIBRARY"); /* NOLINT(concurrency-mt-unsafe): there is one thread */
    if (given && *given) {
        snprintf(path, PATH_MOST, "%s", command_absolute(given));
        if (access(path, R_OK) == 0)
            return 0;
        return command_fail(COMMAND_OWN, "autopin run: the library cannot be read: %s: %s (AUTOPIN_LIBRARY names it)",
                            path, strerrordesc_np(errno));
    }
    const char *own = beside_folder(), *found = beside_find(places);
    if (found) {
        const char *real = realpath(found, NULL);
        snprintf(path, PATH_MOST, "%s", real ? real : found);
        return 0;
    }
    return command_fail(COMMAND_OWN,
                        "autopin run: libautopin.so is missing: it was looked for in %s, %s../lib and %s../lib/%s; "
                        "AUTOPIN_LIBRARY can name it",
                        own, own, own, MULTIARCH);
}

/* Puts the library before what is preloaded already. */
static int preload(const char *library)
{
    const char *before = getenv("LD_PRELOAD"); /* NOLINT(concurrency-mt-unsafe): there is one thread */
    char *value = NULL;
    if (strpbrk(library, " :$"))
        return command_fail(COMMAND_OWN,
                            "autopin run: LD_PRELOAD cannot name %s: there is a blank, a colon or a $ in its path",
                            library);
    if (asprintf(&value, "%s%s%s", library, before && *before ? ":" : "", before ? before : "") < 0 ||
        setenv("LD_PRELOAD", value, 1))
        return command_fail(COMMAND_OWN, "autopin run: there is no memory for the environment");
    return 0;
}

/* Sets AUTOPIN_<NAME> of an option, if that is what the option takes. */
static int set_option(const char *from, const struct option_info *info, const char *value)
{
    char variable[SETTING_MOST], expected[160];
    union {
        struct options all; /* large enough and aligned for any field */
        char text[1];
    } field;
    const int rc = parse_option(info, value, command_source(NULL)->ram_bytes, &field);
    if (rc < 0) {
        parse_expected(info, expected, sizeof expected);
        return command_fail(COMMAND_OWN, "autopin run: %s: %s = '%.60s' is not possible, expected %s", from, info->name,
                            value, expected);
    }
    int at = snprintf(variable, sizeof variable, "AUTOPIN_");
    for (const char *c = info->name; *c && at + 1 < SETTING_MOST; c++)
        variable[at++] = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    variable[at] = 0;
    return setenv(variable, value, 1) ? command_fail(COMMAND_OWN, "autopin run: there is no memory for the environment")
                                      : 0;
}

/* --option NAME=VALUE */
static int set_named(const char *setting)
{
    char name[SETTING_MOST];
    const char *equals = strchr(setting, '='), *near;
    if (!equals || equals == setting)
        return command_usage(&run_subcommand, COMMAND_OWN, "--option takes NAME=VALUE, and not '%.60s'", setting);
    snprintf(name, sizeof name, "%.*s", (int)(equals - setting), setting);
    const struct option_info *info = command_find_option(name, &near);
    if (!info && near)
        return command_fail(COMMAND_OWN, "autopin run: there is no option '%s' of autopin; did you mean %s?", name,
                            near);
    if (!info)
        return command_fail(COMMAND_OWN, "autopin run: there is no option '%s' of autopin; autopin config lists them",
                            name);
    return set_option("--option", info, equals + 1);
}

/* -c: from the root, since the program may go to another folder before the library reads it. */
static int set_conf(const char *path)
{
    const char *whole = command_absolute(path);
    struct stat there;
    if (access(whole, R_OK))
        return command_fail(COMMAND_OWN, "autopin run: -c: %s cannot be read: %s", path, strerrordesc_np(errno));
    if (stat(whole, &there) == 0 && S_ISDIR(there.st_mode))
        return command_fail(COMMAND_OWN, "autopin run: -c: %s is a folder, expected a pinning.conf", path);
    return setenv("AUTOPIN_CONF", whole, 1)
               ? command_fail(COMMAND_OWN, "autopin run: there is no memory for the environment")
               : 0;
}

/* -o: off, text, json or a path, which is made whole and looked at now: the report comes when all is over. */
static int set_report(const char *where)
{
    static const char *const words[] = {"off", "text", "json"};
    char folder[PATH_MOST];
    struct stat there;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (parse_same_word(where, words[i]))
            return set_option("-o", &option_table[OPTION_report], where);
    const char *whole = command_absolute(where);
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(whole, '/') + 1 - whole), whole);
    if (!strchr(folder, '%') && access(folder, W_OK | X_OK))
        return command_fail(COMMAND_OWN, "autopin run: -o: no report can be written in %s: %s", folder,
                            strerrordesc_np(errno));
    if (stat(whole, &there) == 0 && S_ISDIR(there.st_mode))
        return command_fail(COMMAND_OWN, "autopin run: -o: %s is a folder, expected a file", where);
    return set_option("-o", &option_table[OPTION_report], whole);
}

static int read_options(int argc, char **argv)
{
    static const struct option longs[] = {{"config", 1, NULL, 'c'},
                                          {"output", 1, NULL, 'o'},
                                          {"option", 1, NULL, 'O'},
                                          {"help", 0, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int option, rc = 0;
    while (rc == 0 && (option = command_option(&run_subcommand, argc, argv, "+:c:o:O:h", longs)) != COMMAND_END) {
        if (option == COMMAND_HELP || option == '?')
            return option;
        rc = option == 'c' ? set_conf(optarg) : option == 'o' ? set_report(optarg) : set_named(optarg);
    }
    return rc;
}

static int run(int argc, char **argv)
{
    char library[PATH_MOST], program[PATH_MOST];
    int rc = read_options(argc, argv);
    if (rc == COMMAND_HELP)
        return command_flush();
    if (rc)
        return COMMAND_OWN;
    if (optind == argc)
        return command_usage(&run_subcommand, COMMAND_OWN, "there is no program to run");
    if ((rc = find_library(library)) || (rc = check_program(argv[optind], library, program, sizeof program)) ||
        (rc = preload(library)))
        return rc;
    execvp(program, argv + optind);
    return command_fail(errno == ENOENT ? COMMAND_NOT_FOUND : COMMAND_CANNOT, "autopin run: %s cannot be run: %s",
                        program, strerrordesc_np(errno));
}

const struct subcommand run_subcommand = {
    "run", "runs a program with libautopin.so preloaded", run,
    "usage: autopin run [-c FILE] [-o REPORT] [--option NAME=VALUE]... [--] PROGRAM [ARGUMENTS]\n\n"
    "Becomes PROGRAM, with libautopin.so first in LD_PRELOAD.  Exit status and signals are the program's own.\n\n"
    "  -c, --config FILE      the pinning.conf to use (AUTOPIN_CONF)\n"
    "  -o, --output REPORT    off, text, json or a file, JSON when it ends in .json (AUTOPIN_REPORT);\n"
    "                         %p is the process, %h the host, %r the rank\n"
    "  -O, --option NAME=VALUE\n"
    "                         any option of pinning.conf (AUTOPIN_<NAME>); may be given several times\n"
    "  -h, --help             this\n\n"
    "The library is looked for beside the command, in ../lib and ../lib/" MULTIARCH " from there;\n"
    "AUTOPIN_LIBRARY names another.  Where the program cannot be run this way, one sentence says so, and the\n"
    "exit status is 127 (there is no such program), 126 (it cannot be run, or would not load the library:\n"
    "statically linked, of another architecture, set-uid, set-gid or with file capabilities) or 125 (anything\n"
    "else: the library is missing, the command line is wrong).\n"};
