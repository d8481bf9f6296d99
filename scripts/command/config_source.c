/* autopin config --source: from source files to what the library can match.
 *
 * The library knows modules and the functions of their dynamic symbol tables, no source files: those stand in debug
 * information, which is not for a running program to read.  So the stacks of a report are looked at afterwards, and
 * each function that holds a line of such a file becomes a [site] section.  See config_source.h. */
#define _GNU_SOURCE
#include "scripts/command/config_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/advice.h"
#include "policy/rules.h"
#include "scripts/command/command.h"
#include "scripts/command/symbols.h"

enum {
    SECTIONS_MOST = OPTION_MAX_RULES
};

/* A section to be: all frames of one function. */
struct section {
    char module[OPTION_MAX_GLOB], function[OPTION_MAX_GLOB]; /* function: "" when the library knows no name for it */
    unsigned depth;                                          /* of the outermost of them */
    uint64_t bytes_min, bytes_max;                           /* of the sites' blocks */
    const json_t *where;                                     /* an example */
};

static struct section sections[SECTIONS_MOST];
static unsigned n_sections, n_left_out;

/* The first place of a frame that lies in such a file; NULL: none does. */
static const json_t *find_place(const struct frame *frame, const char *pattern)
{
    const struct loaded_name *name = (const void *)frame->pc; /* NOLINT(performance-no-int-to-ptr) */
    const json_t *source = json_object_get(name->json, "source");
    for (size_t i = 0; i < json_array_size(source); i++) {
        const json_t *place = json_array_get(source, i);
        const char *file = json_string_value(json_object_get(place, "file")), *slash = file ? strrchr(file, '/') : NULL;
        if (file && (rules_glob(pattern, file) || (slash && rules_glob(pattern, slash + 1))))
            return place;
    }
    return NULL;
}

static struct section *find_section(const char *module, const char *function)
{
    for (unsigned i = 0; i < n_sections; i++)
        if (strcmp(sections[i].module, module) == 0 && strcmp(sections[i].function, function) == 0)
            return &sections[i];
    if (n_sections == SECTIONS_MOST) {
        n_left_out++;
        return NULL;
    }
    struct section *fresh = &sections[n_sections++];
    snprintf(fresh->module, sizeof fresh->module, "%s", module);
    snprintf(fresh->function, sizeof fresh->function, "%s", function);
    fresh->bytes_min = UINT64_MAX;
    return fresh;
}

static void add_frame(const struct report *report, const struct report_site *site, unsigned depth, const json_t *where)
{
    char module[OPTION_MAX_GLOB], function[OPTION_MAX_GLOB] = "", name[512];
    uint64_t offset;
    const struct frame *frame = &site->site->frame[depth];
    advice_pattern(module, sizeof module, report_module(frame));
    if (report_function(report, frame, name, sizeof name, &offset) == 0)
        advice_pattern(function, sizeof function, name);
    struct section *section = find_section(module, function);
    if (!section)
        return;
    section->where = where;
    if (depth > section->depth)
        section->depth = depth;
    if (site->bytes_min < section->bytes_min)
        section->bytes_min = site->bytes_min;
    if (site->bytes_max > section->bytes_max)
        section->bytes_max = site->bytes_max;
}

/* The innermost frame in such a file stands for its site. */
static void look_at(const struct report *report, const struct report_site *site, const char *pattern)
{
    for (unsigned i = 0; i < site->site->n_frames; i++) {
        const json_t *where = find_place(&site->site->frame[i], pattern);
        if (where) {
            add_frame(report, site, i, where);
            return;
        }
    }
}

static void print_text(const json_t *place, const char *key)
{
    const char *text = json_string_value(json_object_get(place, key));
    sink_clean(&command_stdout, text && *text ? text : "?", 200);
}

static void print_section(const struct section *section, unsigned number)
{
    const struct sink *out = &command_stdout;
    sink_text(out, "\n# ");
    print_text(section->where, "function");
    sink_text(out, " at ");
    print_text(section->where, "file");
    sink_printf(out, ":%lld\n", (long long)json_integer_value(json_object_get(section->where, "line")));
    if (!section->function[0])
        sink_text(out, "# The library knows no name for this function, as it is not in the dynamic symbol table: "
                       "module, size and\n"
                       "# depth may catch others too.  A program that is linked with -rdynamic has names.\n");
    sink_printf(out, "[site source-%u]\nmodule = %s\n", number, section->module);
    if (section->function[0])
        sink_printf(out, "function = %s\n", section->function);
    else
        sink_printf(out, "min_size = %llu\nmax_size = %llu\n", (unsigned long long)section->bytes_min,
                    (unsigned long long)section->bytes_max);
    sink_printf(out, "depth = %u\npromote = auto\n", section->depth);
}

int source_sections(const char *pattern, const char *file, const char *debug)
{
    static struct loaded loaded;
    if (report_read(&loaded, file))
        return command_fail(COMMAND_WRONG, "autopin config: %s", loaded.error);
    symbols_add(&loaded, debug);
    for (unsigned i = 0; i < loaded.report.n_kept; i++)
        look_at(&loaded.report, &loaded.report.sites[i], pattern);
    if (!n_sections)
        return command_fail(COMMAND_WRONG,
                            "autopin config: no call site of %s has a frame in a source file that fits '%.200s'; "
                            "autopin report %s shows the files that are known",
                            file, pattern, file);
    sink_text(&command_stdout, "# Call sites with frames in source files that fit ");
    sink_clean(&command_stdout, pattern, 200);
    sink_text(&command_stdout, ", for pinning.conf.  Choose promote: always, never or after=N.\n");
    for (unsigned i = 0; i < n_sections; i++)
        print_section(&sections[i], i + 1);
    if (n_left_out)
        sink_printf(&command_stdout, "# %u more call sites are left out.\n", n_left_out);
    return command_flush();
}
