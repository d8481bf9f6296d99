/* autopin config --explain: policy/rules.c, put into words.  See config_explain.h. */
#include "scripts/command/config_explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/parse.h"
#include "policy/rules.h"
#include "scripts/command/command.h"
#include "scripts/command/report_read.h"

static const struct sink *const out = &command_stdout;

/* --- the site --------------------------------------------------------------------------------------------------------
 */

static char module[OPTION_MAX_GLOB], function[512];

/* MODULE!FUNCTION+SIZE; the last + counts, since names in C++ hold some. */
static int parse_site(const char *site, struct rule_subject *subject)
{
    static const struct option_info size = {.type = OPTION_TYPE_SIZE, .minimum = "", .maximum = ""};
    const char *plus = strrchr(site, '+'), *mark = strchr(site, '!');
    if (!plus || parse_option(&size, plus + 1, 0, &subject->bytes) ||
        (size_t)(plus - site) >= sizeof module + sizeof function)
        return command_usage(&config_subcommand, COMMAND_USAGE,
                             "'%.80s' is no site, expected MODULE!FUNCTION+SIZE such as libtorch_cpu.so!alloc+64M",
                             site);
    if (mark > plus)
        mark = NULL;
    snprintf(module, sizeof module, "%.*s", (int)((mark ? mark : plus) - site), site);
    if (mark)
        snprintf(function, sizeof function, "%.*s", (int)(plus - mark - 1), mark + 1);
    subject->n_frames = 1;
    subject->frame[0].module = module;
    subject->frame[0].function = mark ? function : NULL;
    return 0;
}

static int take_site(const struct report *report, const struct report_site *from, struct rule_subject *subject)
{
    static char names[SITE_FRAMES][512];
    const struct site *site = from->site;
    uint64_t offset;
    subject->bytes = from->bytes_max;
    subject->n_frames = site->n_frames;
    for (unsigned i = 0; i < site->n_frames; i++) {
        subject->frame[i].module = site->frame[i].module;
        if (report_function(report, &site->frame[i], names[i], sizeof names[i], &offset) == 0)
            subject->frame[i].function = names[i];
    }
    return 0;
}

/* The subject points into what is loaded. */
static int find_site(const char *key, const char *file, struct loaded *loaded, struct rule_subject *subject)
{
    char *end;
    const uint64_t wanted = strtoull(key, &end, 16);
    if (strlen(key) != 16 || *end)
        return command_usage(&config_subcommand, COMMAND_USAGE,
                             "'%.60s' is no site's key, expected 16 hexadecimal digits as in the report", key);
    if (report_read(loaded, file))
        return command_fail(COMMAND_WRONG, "autopin config: %s", loaded->error);
    for (unsigned i = 0; i < loaded->report.n_kept; i++)
        if (loaded->report.sites[i].site->key == wanted)
            return take_site(&loaded->report, &loaded->report.sites[i], subject);
    return command_fail(COMMAND_WRONG, "autopin config: %s lists no site with the key %s", file, key);
}

/* --- the answer ------------------------------------------------------------------------------------------------------
 */

static void print_frame(const struct rule_subject *subject, unsigned i)
{
    const char *name = subject->n_frames ? subject->frame[i].function : NULL;
    const char *path = subject->n_frames ? subject->frame[i].module : NULL, *slash = path ? strrchr(path, '/') : NULL;
    sink_clean(out, slash ? slash + 1 : path && *path ? path : "?", 60);
    if (name) {
        sink_text(out, "!");
        sink_clean(out, name, 100);
    }
}

static void print_limit(int key, const struct site_rule *rule)
{
    char value[OPTION_MAX_TEXT];
    parse_format(&option_table[key], (const char *)rule + option_table[key].site_offset, value, sizeof value);
    sink_printf(out, "%s = ", option_table[key].name);
    sink_clean(out, value, sizeof value);
}

/* Which frames were looked at, none of which fits. */
static void print_reach(const struct site_rule *rule)
{
    if (rule->depth == OPTION_ANY_DEPTH)
        sink_text(out, "no frame");
    else
        sink_printf(out, "no frame up to depth = %d", rule->depth);
}

static void print_miss(const struct site_rule *rule, const struct rule_subject *subject, enum rule_fit fit,
                       unsigned frame)
{
    if (fit == RULE_SMALL || fit == RULE_LARGE) {
        sink_printf(out, "%s is %s ", quantity_bytes(subject->bytes).text, fit == RULE_SMALL ? "below" : "above");
        print_limit(fit == RULE_SMALL ? SITE_min_size : SITE_max_size, rule);
    } else if (fit == RULE_MODULE) {
        print_reach(rule);
        sink_text(out, " fits ");
        print_limit(SITE_module, rule);
    } else {
        print_frame(subject, frame);
        sink_text(out, " fits ");
        print_limit(SITE_module, rule);
        sink_text(out,
                  rule->depth == OPTION_ANY_DEPTH ? ", but no such frame fits " : ", but up to its depth none fits ");
        print_limit(SITE_function, rule);
    }
}

static void print_rule(const struct options *options, const struct site_rule *rule, const struct rule_subject *subject,
                       enum rule_fit fit, unsigned frame)
{
    sink_text(out, "[site ");
    sink_clean(out, rule->name, OPTION_MAX_NAME);
    sink_text(out, "] (");
    sink_clean(out, options->file, OPTION_MAX_TEXT);
    sink_printf(out, ":%u) ", rule->line);
    if (fit == RULE_FITS) {
        sink_printf(out, "catches it: frame %u, ", frame);
        print_frame(subject, frame);
        sink_text(out, ", fits ");
        print_limit(SITE_module, rule);
        sink_text(out, " and ");
        print_limit(SITE_function, rule);
    } else {
        sink_text(out, "does not catch it: ");
        print_miss(rule, subject, fit, frame);
    }
    sink_text(out, "\n");
}

static void print_in_force(const struct options *options, const struct site_rule *rule)
{
    char value[OPTION_MAX_TEXT];
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_info *info = &option_table[id];
        if (info->site_offset < 0)
            continue;
        parse_format(info, rule ? (const char *)rule + info->site_offset : (const char *)options + info->offset, value,
                     sizeof value);
        sink_printf(out, "  %s = %s%s\n", info->name, value,
                    rule && rule->set & 1ull << id ? "" : " (as for the whole process)");
    }
}

static int print_answer(const struct options *options, const struct rule_subject *subject)
{
    const struct site_rule *caught = NULL;
    for (unsigned i = 0; i < options->n_rules && !caught; i++) {
        const struct site_rule *rule = &options->rules[i];
        unsigned frame;
        const enum rule_fit fit = rules_fit(rule, subject, &frame);
        print_rule(options, rule, subject, fit, frame);
        caught = fit == RULE_FITS ? rule : NULL;
    }
    if (!caught)
        sink_printf(out, "no [site] section catches it%s\n", options->n_rules ? "" : ": there is none");
    if (subject->bytes < options->min_size)
        sink_printf(out, "it is smaller than min_size and so left to the program's own allocator\n");
    sink_text(out, "in force for it:\n");
    print_in_force(options, caught);
    return command_flush();
}

int explain_site(const struct options *options, const char *site, const char *report)
{
    static struct loaded loaded;
    struct rule_subject subject = {0};
    const int rc = report ? find_site(site, report, &loaded, &subject) : parse_site(site, &subject),
              status = rc ? rc : print_answer(options, &subject);
    report_unread(&loaded);
    return status;
}
