/* What the subcommands share: see command.h. */
#define _GNU_SOURCE
#include "scripts/command/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "policy/file.h"
#include "policy/limits.h"
#include "policy/parse.h"

/* --- messages --------------------------------------------------------------------------------------------------------
 */

static void put_stream(void *ctx, const char *text, size_t len)
{
    fwrite(text, 1, len, ctx ? ctx : stdout);
}

const struct sink command_stdout = {put_stream, NULL};

static void say(const char *line)
{
    const struct sink out = {put_stream, stderr};
    sink_clean(&out, line, 4000);
    sink_text(&out, "\n");
}

int command_fail(int status, const char *fmt, ...)
{
    char line[4096];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    say(line);
    return status;
}

int command_usage(const struct subcommand *which, int status, const char *fmt, ...)
{
    char line[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    return command_fail(status, "autopin %s: %s; autopin %s --help says more", which->name, line, which->name);
}

int command_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return COMMAND_WELL;
    return command_fail(COMMAND_WRONG, "autopin: the output cannot be written: %s", strerrordesc_np(errno));
}

/* --- the command line ------------------------------------------------------------------------------------------------
 */

static void say_unknown(const struct subcommand *which, int status, const char *word, const struct option *longs)
{
    const char *near = NULL;
    char name[40];
    unsigned least = 3;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (; longs->name; longs++) {
        const unsigned distance = parse_distance(name, longs->name);
        if (distance < least) {
            least = distance;
            near = longs->name;
        }
    }
    if (near)
        command_usage(which, status, "there is no option --%s, perhaps --%s was meant", name, near);
    else
        command_usage(which, status, "there is no option --%s", name);
}

int command_option(const struct subcommand *which, int argc, char **argv, const char *shorts,
                   const struct option *longs)
{
    const int status = which == &run_subcommand ? COMMAND_OWN : COMMAND_USAGE;
    opterr = 0;
    const int found = getopt_long(argc, argv, shorts, longs, NULL);
    if (found == COMMAND_HELP) {
        fputs(which->help, stdout);
        return COMMAND_HELP;
    }
    if (found == ':')
        command_usage(which, status, "%.40s needs a value", argv[optind - 1]);
    else if (found == '?' && optopt)
        command_usage(which, status, "-%c is not an option, or takes no value", optopt);
    else if (found == '?')
        say_unknown(which, status, argv[optind - 1], longs);
    return found == ':' ? '?' : found;
}

const struct option_info *command_find_option(const char *name, const char **near)
{
    unsigned least = 3;
    *near = NULL;
    for (int id = 0; id < OPTION_COUNT; id++) {
        const unsigned distance = parse_distance(name, option_table[id].name);
        if (parse_same_word(name, option_table[id].name))
            return &option_table[id];
        if (distance < least) {
            least = distance;
            *near = option_table[id].name;
        }
    }
    return NULL;
}

const char *command_absolute(const char *path)
{
    char *folder, *whole;
    if (path[0] == '/' || !(folder = getcwd(NULL, 0)))
        return path;
    const int len = asprintf(&whole, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, path);
    free(folder);
    return len < 0 ? path : whole;
}

/* --- where options come from -----------------------------------------------------------------------------------------
 */

static const char *conf_instead;

static const char *get_env(const char *name)
{
    if (conf_instead && strcmp(name, "AUTOPIN_CONF") == 0)
        return conf_instead;
    return getenv(name); /* NOLINT(concurrency-mt-unsafe): there is one thread */
}

static void complain(int level, const char *line)
{
    (void)level;
    say(line);
}

static const char *error_text(int error)
{
    const char *text = strerrordesc_np(error);
    return text ? text : "see errno";
}

const struct options_source *command_source(const char *conf)
{
    static struct options_source source;
    struct limits limits;
    struct rlimit space;
    limits_read_most(&limits, file_read);
    uint64_t ram = limits.ram_bytes < limits.group_bytes ? limits.ram_bytes : limits.group_bytes;
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur < ram)
        ram = space.rlim_cur;
    conf_instead = conf;
    source = (struct options_source){get_env, file_read, ram == UINT64_MAX ? 0 : ram, complain, environ, error_text};
    return &source;
}
