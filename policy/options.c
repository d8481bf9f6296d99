/* The table of options, and loading them from their three sources.
 *
 * Owns option_table.  options_load() is called by preload/ once at start (possibly inside malloc), by the autopin
 * command and by tests.  No lock: one thread, before anything reads the result. */
#include "options.h"

#include "conf.h"
#include "parse.h"
#include "prim.h"
#include "sink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OFFSET_IF_GLOBAL(name) (-1)
#define OFFSET_IF_SITE(name)   ((int)offsetof(struct site_rule, name))

const struct option_info option_table[OPTION_ROWS] = {
#define OPTION(section, name, type, fallback, minimum, maximum, unit, scope, help)                                     \
    {#section,                                                                                                         \
     #name,                                                                                                            \
     fallback,                                                                                                         \
     minimum,                                                                                                          \
     maximum,                                                                                                          \
     unit,                                                                                                             \
     help,                                                                                                             \
     OPTION_TYPE_##type,                                                                                               \
     (int)offsetof(struct options, name),                                                                              \
     OFFSET_IF_##scope(name)},
#include "options.def"
#define SITE_KEY(name, type, fallback, minimum, maximum, unit, help)                                                   \
    {"site", #name, fallback,           minimum, maximum,                                                              \
     unit,   help,  OPTION_TYPE_##type, -1,      (int)offsetof(struct site_rule, name)},
#include "options.def"
};

#define VARIABLE     "AUTOPIN_"
#define MAX_VARIABLE 64 /* bytes of a variable's name with its NUL */
#define MAX_PATH     4096

static void *field_of(struct options *out, const struct option_info *info)
{
    return (char *)out + info->offset;
}

static void load_defaults(struct conf_load *load)
{
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_info *info = &option_table[id];
        int err = parse_option(info, info->fallback, load->src->ram_bytes, field_of(load->out, info));
        if (err == -ENODATA) {
            struct conf_place place = {info->name, 0};
            conf_complain(load, &place, "the size of RAM is unknown, expected it for the default %s; 0 is used",
                          info->fallback);
        }
    }
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Blanks around a variable's value mean nothing, as in the file.  Without strspn(): see limits.c. */
static const char *trimmed(const char *value, char *buf, size_t cap)
{
    while (is_blank(*value))
        value++;
    size_t len = strlen(value);
    while (len && is_blank(value[len - 1]))
        len--;
    if (len >= cap)
        return value; /* too long to be right: the parser says so */
    memcpy(buf, value, len);
    buf[len] = 0;
    return buf;
}

/* AUTOPIN_<NAME> of an option. */
static void variable_name(const char *option, char *out)
{
    size_t at = sizeof(VARIABLE) - 1;
    memcpy(out, VARIABLE, at);
    for (; *option && at + 1 < MAX_VARIABLE; option++)
        out[at++] = (char)(*option >= 'a' && *option <= 'z' ? *option - 32 : *option);
    out[at] = 0;
}

/* Complains about a variable that means nothing, and names the one that was perhaps meant. */
static void check_variable(struct conf_load *load, const char *name)
{
    static const char *const no_options[] = {"conf", "disable", "library"};
    const size_t n = OPTION_COUNT + sizeof(no_options) / sizeof(*no_options);
    char known[MAX_VARIABLE], near[MAX_VARIABLE] = "";
    unsigned least = 3;
    for (size_t i = 0; i < n; i++) {
        const char *option = i < OPTION_COUNT ? option_table[i].name : no_options[i - OPTION_COUNT];
        unsigned distance = parse_distance(name + sizeof(VARIABLE) - 1, option);
        variable_name(option, known);
        if (!strcmp(name, known))
            return;
        if (distance < least) {
            least = distance;
            memcpy(near, known, sizeof(near));
        }
    }
    struct conf_place place = {name, 0};
    if (*near)
        conf_complain(load, &place, "unknown; did you mean %s?", near);
    else
        conf_complain(load, &place, "unknown; it is ignored");
}

static void check_environment(struct conf_load *load)
{
    for (char *const *entry = load->src->environment; entry && *entry; entry++) {
        char name[MAX_VARIABLE];
        if (strncmp(*entry, VARIABLE, sizeof(VARIABLE) - 1) != 0)
            continue;
        const char *end = strchr(*entry, '=');
        snprintf(name, sizeof(name), "%.*s", end ? (int)(end - *entry) : MAX_VARIABLE, *entry);
        check_variable(load, name);
    }
}

static void load_environment(struct conf_load *load)
{
    check_environment(load);
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_info *info = &option_table[id];
        char name[MAX_VARIABLE], buf[CONF_MAX_LINE];
        variable_name(info->name, name);
        const char *value = load->src->get_env(name);
        if (!value || !*(value = trimmed(value, buf, sizeof(buf))))
            continue;
        struct conf_place place = {name, 0};
        conf_store(load, &place, info, NULL, value);
    }
}

/* Returns 1 when there is a file at that path, readable or not. */
static int load_file(struct conf_load *load, const char *path, char *buf, int named)
{
    size_t len = 0;
    struct conf_place place = {path, 0};
    int err = load->src->read_file(path, buf, CONF_MAX_BYTES, &len);
    if (!err) {
        snprintf(load->out->file, sizeof(load->out->file), "%s", path);
        conf_read(load, path, buf, len);
    } else if (err == -EFBIG) {
        conf_complain(load, &place, "the file is larger than expected, at most %u bytes; none of it is used",
                      CONF_MAX_BYTES);
    } else if (named) {
        conf_complain(load, &place,
                      "cannot be read (%s), expected the file that AUTOPIN_CONF names; "
                      "the usual places are searched instead",
                      load->src->error_text(-err));
    } else if (err != -ENOENT && err != -ENOTDIR && err != -EACCES) {
        conf_complain(load, &place, "cannot be read (%s), expected a file; the defaults stay",
                      load->src->error_text(-err));
    }
    return !err || err == -EFBIG;
}

static void load_first_file(struct conf_load *load, char *buf)
{
    char path[MAX_PATH];
    const char *named = load->src->get_env("AUTOPIN_CONF");
    if (named && *named && load_file(load, named, buf, 1))
        return;
    const char *base = load->src->get_env("XDG_CONFIG_HOME"), *below = "";
    if (!base || base[0] != '/') { /* the XDG specification: a path that is not absolute is to be ignored */
        base = load->src->get_env("HOME");
        below = "/.config";
    }
    if (base && base[0] == '/' &&
        snprintf(path, sizeof(path), "%s%s/autopin/pinning.conf", base, below) < (int)sizeof(path) &&
        load_file(load, path, buf, 0))
        return;
    load_file(load, "/etc/autopin/pinning.conf", buf, 0);
}

/* What a site section does not say is as for the whole process. */
static void complete_rules(struct options *out)
{
    for (unsigned i = 0; i < out->n_rules; i++)
        for (int id = 0; id < OPTION_COUNT; id++) {
            const struct option_info *info = &option_table[id];
            if (info->site_offset >= 0 && !(out->rules[i].set & 1ull << id))
                memcpy((char *)&out->rules[i] + info->site_offset, field_of(out, info), parse_field_size(info->type));
        }
}

int options_load(struct options *out, const struct options_source *src)
{
    int saved_errno = errno;
    struct conf_load load = {out, src};
    memset(out, 0, offsetof(struct options, rules)); /* a rule is cleared when it is added: most have none */
    load_defaults(&load);
    char *buf = prim_map(CONF_MAX_BYTES);
    if (buf) {
        load_first_file(&load, buf);
        prim_unmap(buf, CONF_MAX_BYTES);
    } else {
        struct conf_place place = {"pinning.conf", 0};
        conf_complain(&load, &place, "no memory to read it, expected %u bytes; the defaults stay", CONF_MAX_BYTES);
    }
    load_environment(&load);
    complete_rules(out);
    errno = saved_errno;
    return (int)out->n_complaints;
}

int options_disabled(const struct options_source *src)
{
    static const struct option_info flag = {.type = OPTION_TYPE_BOOL};
    int saved_errno = errno;
    const char *value = src->get_env("AUTOPIN_DISABLE");
    int disabled = 1; /* whoever sets it to something unreadable still wants autopin away */
    errno = saved_errno;
    if (!value || !*value)
        return 0;
    parse_option(&flag, value, 0, &disabled);
    return disabled;
}

void options_format(const struct options *options, enum option_id id, char *out, size_t cap)
{
    const struct option_info *info = &option_table[id];
    parse_format(info, (const char *)options + info->offset, out, cap);
}

/* "# " and words, in lines of at most 100 bytes. */
static void put_comment(const struct sink *sink, const char *text)
{
    while (*text) {
        size_t len = strlen(text);
        if (len > 98)
            for (len = 98; len && text[len] != ' ';)
                len--;
        sink_text(sink, "# ");
        sink->put(sink->ctx, text, len);
        sink_text(sink, "\n");
        text += len + strspn(text + len, " ");
    }
}

static void put_row(const struct sink *sink, const struct option_info *info)
{
    char line[CONF_MAX_LINE], expected[160];
    parse_expected(info, expected, sizeof(expected));
    snprintf(line, sizeof(line), "%s Takes %s.", info->help, expected);
    sink_text(sink, "\n");
    put_comment(sink, line);
    sink_printf(sink, "#%s = %s\n", info->name, info->fallback);
}

static void put_site_intro(const struct sink *sink)
{
    char names[256] = "";
    for (int id = 0, at = 0; id < OPTION_COUNT && at < (int)sizeof(names); id++)
        if (option_table[id].site_offset >= 0)
            at += snprintf(names + at, sizeof(names) - (size_t)at, "%s%s", at ? ", " : "", option_table[id].name);
    sink_text(sink, "\n");
    put_comment(sink,
                "A site is a place in the program that allocates.  Its sections are tried from the top; the first "
                "one whose Match keys all fit applies.  A section may also set:");
    sink_printf(sink, "#   %s\n", names);
    put_comment(sink, "What it does not set is as for the whole process.  An example:");
    sink_text(sink, "#   [site weights]\n#   module = libtorch_cpu.so*\n#   min_size = 64M\n#   promote = always\n\n");
}

void options_write_example(const struct sink *sink)
{
    const char *section = "";
    put_comment(sink, "pinning.conf - what autopin may do, and how.  Generated: every option at its default.");
    sink_text(sink, "#\n");
    put_comment(sink,
                "The first of these files is read: $AUTOPIN_CONF, $XDG_CONFIG_HOME/autopin/pinning.conf "
                "($HOME/.config when that is unset), /etc/autopin/pinning.conf.  A variable AUTOPIN_<NAME> such as "
                "AUTOPIN_MAX_PINNED=4G overrides the file.  Sizes: K, M, G and T are powers of 1024.");
    for (int id = 0; id < OPTION_ROWS; id++) {
        if (id == OPTION_COUNT) {
            put_site_intro(sink);
            sink_text(sink, "#[site NAME]\n");
        } else if (id < OPTION_COUNT && strcmp(section, option_table[id].section)) {
            section = option_table[id].section;
            sink_printf(sink, "\n[%s]\n", section);
        }
        put_row(sink, &option_table[id]);
    }
}
