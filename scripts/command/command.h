/* The autopin command: what its subcommands share.
 *
 * One process, one thread, no lock.  Messages are one sentence on stderr that begins with "autopin SUBCOMMAND: "; what
 * a subcommand was asked for goes to stdout.  Memory that is needed until the end is not given back. */
#ifndef AUTOPIN_COMMAND_H
#define AUTOPIN_COMMAND_H

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/options.h"
#include "policy/sink.h"

/* Exit statuses.  Those of `run` are env's, since all others are the program's own. */
enum {
    COMMAND_WELL,
    COMMAND_WRONG,           /* something is not as it should be: input, file, set-up */
    COMMAND_USAGE,           /* the command line */
    COMMAND_OWN = 125,       /* run: autopin's own trouble, its command line included */
    COMMAND_CANNOT = 126,    /* run: the program is there but cannot be run under autopin */
    COMMAND_NOT_FOUND = 127, /* run: there is no such program */
    COMMAND_END = -1,        /* command_option(): no more options */
    COMMAND_HELP = 'h'
};

/* One row of the table in main.c.  act() returns the exit status; argv[0] is the subcommand's name. */
struct subcommand {
    const char *name, *brief;
    int (*act)(int argc, char **argv);
    const char *help; /* its first line says what to type */
};
extern const struct subcommand run_subcommand, config_subcommand, report_subcommand, merge_subcommand, tune_subcommand,
    doctor_subcommand, top_subcommand;

/* The next option of a subcommand, which needs "h" and "help" among its own: as getopt_long(), COMMAND_END after the
 * last, COMMAND_HELP once help has been printed, '?' once it has been said what is wrong. */
int command_option(const struct subcommand *which, int argc, char **argv, const char *shorts,
                   const struct option *longs);

/* Says one sentence; control characters in it become `?`.  Returns status. */
int command_fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for a wrong command line: adds where help is. */
int command_usage(const struct subcommand *which, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes to stdout. */
extern const struct sink command_stdout;

/* COMMAND_WELL when all of stdout could be written; else says so and returns COMMAND_WRONG. */
int command_flush(void);

/* The option of policy/options.def with that name; NULL when there is none, *near is then the closest or NULL. */
const struct option_info *command_find_option(const char *name, const char **near);

/* The path from the root, in memory of its own; the name itself when there is no memory or no folder. */
const char *command_absolute(const char *path);

/* What the library would find: the process's environment, files, memory.  conf: instead of AUTOPIN_CONF, or NULL.
 * Complaints go to stderr as the library writes them. */
const struct options_source *command_source(const char *conf);

#endif
