/* Advice as lines of pinning.conf: see advice.h.  No lock. */
#include "advice.h"

#include <string.h>

/* Names of enum advice_kind. */
static const char *const kind_names[] = {"max_pinned", "max_regions", "memlock", "site_max_pinned", "always", "never"};
_Static_assert(sizeof kind_names / sizeof kind_names[0] == ADVICE_NEVER + 1, "a kind of advice without a name");

const char *advice_kind_name(enum advice_kind kind)
{
    return kind_names[kind];
}

/* As parse_option() reads it. */
static void write_size(const struct sink *out, uint64_t bytes)
{
    static const char units[] = "\0KMGT";
    unsigned unit = 0;
    while (unit < 4 && bytes && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    sink_printf(out, "%llu%.1s", (unsigned long long)bytes, &units[unit]);
}

static void write_section(const struct sink *out, const struct advice *advice)
{
    const unsigned size_log2 = advice->site->site->size_log2;
    sink_printf(out, "[site %s]\n# predicted gain: %s\nmodule = %s\n", advice->name,
                quantity_time(advice->gain_ns).text, advice->module);
    if (advice->function[0])
        sink_printf(out, "function = %s\n", advice->function);
    sink_text(out, "min_size = ");
    write_size(out, 1ull << size_log2);
    sink_text(out, "\nmax_size = ");
    write_size(out, (2ull << size_log2) - 1);
    if (advice->kind == ADVICE_ALWAYS && advice->site->refused[REASON_SPARSE])
        sink_text(out, "\n# also where much of a block is never touched: pinning takes memory for all of it");
    sink_printf(out, "\npromote = %s\n", advice_kind_name(advice->kind));
}

/* An option counts where it is set first, and a variable before any file. */
static void write_instead(const struct sink *out, const char *name, enum option_id id)
{
    const struct options *options = sites_options();
    if (options && options->origin[id].kind == ORIGIN_FILE)
        sink_printf(out, "# in place of %s in line %u of pinning.conf\n", name, options->origin[id].line);
    if (!options || options->origin[id].kind != ORIGIN_ENVIRONMENT)
        return;
    sink_text(out, "# once the variable that overrides it is gone: AUTOPIN_");
    for (; *name; name++)
        sink_printf(out, "%c", *name == '_' ? '_' : *name - 'a' + 'A');
    sink_text(out, "\n");
}

static void write_limit(const struct sink *out, const struct advice *advice, int heading)
{
    const char *name = advice_kind_name(advice->kind);
    sink_printf(out, "%s# predicted gain: %s\n", heading ? "[limits]\n" : "", quantity_time(advice->gain_ns).text);
    write_instead(out, name, advice->kind == ADVICE_MAX_PINNED ? OPTION_max_pinned : OPTION_max_regions);
    sink_printf(out, "%s = ", name);
    if (advice->kind == ADVICE_MAX_PINNED)
        write_size(out, advice->value);
    else
        sink_printf(out, "%llu", (unsigned long long)advice->value);
    sink_text(out, "\n");
}

/* What is no line of the file, or belongs into a section that is there already. */
static void write_comment(const struct sink *out, const struct advice *advice)
{
    sink_printf(out, "# predicted gain: %s with ", quantity_time(advice->gain_ns).text);
    if (advice->kind == ADVICE_MEMLOCK) {
        sink_printf(out, "a higher limit on locked memory: ulimit -l %llu\n", (unsigned long long)advice->value / 1024);
        return;
    }
    if (advice->kind == ADVICE_SITE_CAP) {
        sink_text(out, "max_pinned = ");
        write_size(out, advice->value);
    } else {
        sink_printf(out, "promote = %s", advice_kind_name(advice->kind));
    }
    sink_text(out, " in [site ");
    sink_clean(out, advice->site->site->rule_name, OPTION_MAX_NAME);
    sink_text(out, "]\n");
}

void advice_write(const struct sink *out, const struct advice *advice, int heading)
{
    if (advice->kind == ADVICE_MAX_PINNED || advice->kind == ADVICE_MAX_REGIONS)
        write_limit(out, advice, heading);
    else if (advice->name[0])
        write_section(out, advice);
    else
        write_comment(out, advice);
}

void advice_write_all(const struct sink *out, const struct advice *advice, unsigned n)
{
    int in_limits = 0;
    for (unsigned i = 0; i < n; i++) {
        const int limit = advice[i].kind == ADVICE_MAX_PINNED || advice[i].kind == ADVICE_MAX_REGIONS;
        if (i && !(limit && in_limits))
            sink_text(out, "\n");
        advice_write(out, &advice[i], !in_limits);
        in_limits |= limit;
    }
}

void advice_write_given(const struct sink *out, const char *text)
{
    char line[400];
    for (size_t len; *text; text += len) {
        const size_t whole = strcspn(text, "\n");
        len = whole < sizeof line ? whole : sizeof line - 1;
        memcpy(line, text, len);
        line[len] = 0;
        sink_clean(out, line, sizeof line);
        if (text[len] == '\n')
            len++;
        if (text[len - 1] == '\n' || !text[len])
            sink_text(out, "\n");
    }
}
