/* autopin config: every option with its value and where that came from, as the library would read them.
 *
 * options_load() of policy/ does the reading and the complaining.  What is printed is a pinning.conf itself.  One
 * thread, no lock.  --explain is in config_explain.c. */
#include "scripts/command/command.h"

#include <string.h>

#include "policy/parse.h"
#include "scripts/command/config_explain.h"
#include "scripts/command/config_source.h"

static struct options options; /* 25 KiB */
static uint64_t ram_bytes;     /* as much of it as this process may have */

static void print_origin(const struct option_origin *origin, const struct option_info *info)
{
    const struct sink *out = &command_stdout;
    if (origin->kind == ORIGIN_DEFAULT) {
        sink_printf(out, "default");
        return;
    }
    if (origin->kind == ORIGIN_FILE) {
        sink_clean(out, options.file, OPTION_MAX_TEXT);
        sink_printf(out, ":%u", origin->line);
    } else {
        sink_text(out, "AUTOPIN_");
        for (const char *c = info->name; *c; c++)
            sink_printf(out, "%c", *c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    }
    sink_printf(out, ", default %s", info->fallback);
}

/* "name = value" to a fixed width, then the comment. */
static void print_setting(const struct option_info *info, const void *field)
{
    char value[OPTION_MAX_TEXT];
    parse_format(info, field, value, sizeof value);
    const size_t len = strlen(info->name) + 3 + strlen(value);
    sink_printf(&command_stdout, "%s = ", info->name);
    sink_clean(&command_stdout, value, sizeof value);
    sink_printf(&command_stdout, "%*s# ", len < 27 ? (int)(28 - len) : 1, "");
}

static void print_options(void)
{
    const char *section = "";
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_info *info = &option_table[id];
        if (strcmp(section, info->section) != 0) {
            section = info->section;
            sink_printf(&command_stdout, "%s[%s]\n", id ? "\n" : "", section);
        }
        print_setting(info, (const char *)&options + info->offset);
        print_origin(&options.origin[id], info);
        if (info->type == OPTION_TYPE_SHARE && options.origin[id].kind == ORIGIN_DEFAULT)
            sink_printf(&command_stdout, ", %s of %s", info->fallback, quantity_bytes(ram_bytes).text);
        sink_text(&command_stdout, "\n");
    }
}

static void print_rule(const struct site_rule *rule)
{
    sink_text(&command_stdout, "\n[site ");
    sink_clean(&command_stdout, rule->name, OPTION_MAX_NAME);
    sink_text(&command_stdout, "] # ");
    sink_clean(&command_stdout, options.file, OPTION_MAX_TEXT);
    sink_printf(&command_stdout, ":%u\n", rule->line);
    for (int id = 0; id < OPTION_ROWS; id++)
        if (option_table[id].site_offset >= 0 && rule->set & 1ull << id) {
            print_setting(&option_table[id], (const char *)rule + option_table[id].site_offset);
            sink_text(&command_stdout, "in this section\n");
        }
}

static int print_all(void)
{
    sink_text(&command_stdout, "# ");
    sink_clean(&command_stdout, options.file[0] ? options.file : "no pinning.conf was found", OPTION_MAX_TEXT);
    sink_text(&command_stdout, "\n");
    print_options();
    for (unsigned i = 0; i < options.n_rules; i++)
        print_rule(&options.rules[i]);
    return command_flush();
}

static int config(int argc, char **argv)
{
    static const struct option longs[] = {
        {"config", 1, NULL, 'c'},      {"explain", 1, NULL, 'e'}, {"report", 1, NULL, 'r'}, {"source", 1, NULL, 's'},
        {"debug-files", 1, NULL, 'D'}, {"help", 0, NULL, 'h'},    {NULL, 0, NULL, 0}};
    const char *conf = NULL, *site = NULL, *report = NULL, *source = NULL, *debug = NULL;
    for (int option; (option = command_option(&config_subcommand, argc, argv, ":c:e:r:s:h", longs)) != COMMAND_END;) {
        if (option == COMMAND_HELP)
            return command_flush();
        if (option == '?')
            return COMMAND_USAGE;
        *(option == 'c'   ? &conf
          : option == 'e' ? &site
          : option == 's' ? &source
          : option == 'D' ? &debug
                          : &report) = optarg;
    }
    if (optind < argc)
        return command_usage(&config_subcommand, COMMAND_USAGE, "'%.60s' is one word too many", argv[optind]);
    if (source && report && !site)
        return source_sections(source, report, debug);
    if (source || (report && !site))
        return command_usage(&config_subcommand, COMMAND_USAGE,
                             source ? "--source needs -r REPORT.json, and no --explain"
                                    : "-r needs --explain KEY or --source PATTERN");
    const struct options_source *from = command_source(conf);
    ram_bytes = from->ram_bytes;
    const int wrong = options_load(&options, from) ? COMMAND_WRONG : COMMAND_WELL;
    const int rc = site ? explain_site(&options, site, report) : print_all();
    return rc ? rc : wrong;
}

const struct subcommand config_subcommand = {
    "config", "every option: its value, its default, and where it came from", config,
    "usage: autopin config [-c FILE] [--explain SITE [-r REPORT.json]] [--source PATTERN -r REPORT.json]\n\n"
    "Prints every option as the library would read it here and now, as a pinning.conf that says where each value\n"
    "came from: the default, FILE:LINE, or a variable AUTOPIN_<NAME>.  What is wrong in the file or the variables\n"
    "is said on stderr, in the library's own words.\n\n"
    "  -c, --config FILE      the pinning.conf to read (AUTOPIN_CONF)\n"
    "  -e, --explain SITE     which [site] section catches SITE and why, and why not those before it;\n"
    "                         SITE is MODULE!FUNCTION+SIZE, such as libtorch_cpu.so!alloc+64M (the function may\n"
    "                         be left out), or a site's key in the report that -r names\n"
    "  -s, --source PATTERN   for call sites of a report with frames in source files that fit, by path or name:\n"
    "                         sections that the library can match, by module and function\n"
    "      --debug-files FOLDER  separate debug files, as for autopin report\n"
    "  -r, --report FILE      a report in JSON\n"
    "  -h, --help             this\n\n"
    "Exit status: 0, 1 when something is wrong in the configuration, 2 for a wrong command line.\n"};
