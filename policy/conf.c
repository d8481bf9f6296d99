/* Reads one pinning.conf and says what is wrong with it.
 *
 * Owns the state of a file being read.  options.c calls conf_read() once at start, possibly inside malloc.  No lock.
 * inih takes keys and values apart; sections, line numbers and everything that is wrong are dealt with in the reader it
 * gets its lines from, since its handler is told neither lines nor empty sections.  inih 55 keeps its line buffer on
 * the stack (ini_use_stack is true), so nothing is allocated. */
#include "conf.h"

#include "parse.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#define STRING_(x) #x
#define STRING(x)  STRING_(x)
#define NO_SECTION "no section" /* before the first heading */

struct conf_file {
    struct conf_load *load;
    struct conf_place place; /* the line being read */
    const char *text;
    size_t len, at;
    const char *section;    /* of option_table, or NO_SECTION; NULL: lines belong nowhere and are skipped in silence */
    struct site_rule *rule; /* in a [site NAME] section */
    int rule_bad;           /* the section cannot be used, since its patterns are not what was meant */
    int key_due;            /* inih was given a line in which it should find a key */
};

/* Gives up the site section, whose patterns may say less than their author meant; the complaint has said so. */
static void spoil_rule(struct conf_file *file)
{
    file->rule_bad |= file->rule != NULL;
}

static const char *line_fate(const struct conf_file *file)
{
    return file->rule ? "this site section is left out" : "the line is ignored";
}

static int in_section(const struct option_info *info, const char *section)
{
    return !strcmp(section, "site") ? info->site_offset >= 0 : !strcmp(section, info->section);
}

static void list_options(const char *section, char *out, size_t cap)
{
    int at = 0;
    for (const struct option_info *info = option_table; info < option_table + OPTION_ROWS; info++)
        if (in_section(info, section) && at < (int)cap)
            at += snprintf(out + at, cap - (size_t)at, "%s%s", at ? ", " : "one of ", info->name);
}

static void unknown_option(struct conf_file *file, const char *name)
{
    const struct option_info *near = NULL, *elsewhere = NULL;
    char known[200] = "a [section] line before it";
    unsigned least = 3;
    for (const struct option_info *info = option_table; info < option_table + OPTION_ROWS; info++) {
        unsigned distance = parse_distance(name, info->name);
        if (!distance && info->offset >= 0)
            elsewhere = info;
        if (distance < least && in_section(info, file->section)) {
            least = distance;
            near = info;
        }
    }
    list_options(file->section, known, sizeof(known));
    if (file->rule && parse_same_word(name, "source"))
        conf_complain(file->load, &file->place,
                      "source files are not known while a program runs; autopin config --source PATTERN -r REPORT.json "
                      "says which module and function to write instead; %s",
                      line_fate(file));
    else if (elsewhere)
        conf_complain(file->load, &file->place, "%s does not belong in [%s], expected it in [%s]; %s", elsewhere->name,
                      file->section, elsewhere->section, line_fate(file));
    else if (near)
        conf_complain(file->load, &file->place, "unknown option '" CONF_SHOW "' in [%s], expected perhaps %s; %s", name,
                      file->section, near->name, line_fate(file));
    else
        conf_complain(file->load, &file->place, "unknown option '" CONF_SHOW "' in [%s], expected %s; %s", name,
                      file->section, known, line_fate(file));
    spoil_rule(file);
}

static int on_key(void *ctx, const char *section, const char *name, const char *value)
{
    struct conf_file *file = ctx;
    (void)section; /* inih cuts it after 49 bytes */
    file->key_due = 0;
    if (!file->section)
        return 1;
    for (const struct option_info *info = option_table; info < option_table + OPTION_ROWS; info++)
        if (in_section(info, file->section) && parse_same_word(name, info->name)) {
            int err = conf_store(file->load, &file->place, info, file->rule, value);
            if (err && err != -EEXIST && conf_is_match((size_t)(info - option_table)))
                spoil_rule(file);
            return 1;
        }
    unknown_option(file, name);
    return 1;
}

/* The end of a section: a rule that cannot be used goes. */
static void leave_section(struct conf_file *file)
{
    struct options *out = file->load->out;
    struct site_rule *rule = file->rule;
    if (rule && !file->rule_bad && rule->max_size && rule->max_size < rule->min_size) {
        struct conf_place place = {file->place.name, rule->line};
        conf_complain(file->load, &place,
                      "max_size of [site %s] is below its min_size, expected it above; "
                      "this site section is left out",
                      rule->name);
        file->rule_bad = 1;
    }
    out->n_rules += rule && !file->rule_bad;
    file->rule = NULL;
    file->rule_bad = 0;
    file->section = NULL;
}

/* name: what follows "site", with blanks before it. */
static void enter_site(struct conf_file *file, const char *name, size_t len)
{
    struct options *out = file->load->out;
    for (; len && (*name == ' ' || *name == '\t'); name++)
        len--;
    while (len && (name[len - 1] == ' ' || name[len - 1] == '\t'))
        len--;
    if (!len || len >= OPTION_MAX_NAME) {
        conf_complain(file->load, &file->place,
                      "the site has %s name, expected [site NAME] of at most %d bytes; "
                      "its section is ignored",
                      len ? "too long a" : "no", OPTION_MAX_NAME - 1);
        return;
    }
    if (out->n_rules == OPTION_MAX_RULES) {
        conf_complain(file->load, &file->place, "site '%.*s' is one too many, expected at most %d; it is ignored",
                      (int)len, name, OPTION_MAX_RULES);
        return;
    }
    struct site_rule *rule = &out->rules[out->n_rules];
    memset(rule, 0, sizeof(*rule));
    memcpy(rule->name, name, len);
    rule->line = file->place.line;
    for (int id = OPTION_COUNT; id < OPTION_ROWS; id++)
        parse_option(&option_table[id], option_table[id].fallback, 0, (char *)rule + option_table[id].site_offset);
    file->rule = rule;
    file->section = "site";
}

static void unknown_section(struct conf_file *file, const char *name)
{
    static const char *const names[] = {"limits", "promotion", "report", "site NAME"};
    const char *near = NULL;
    unsigned least = 3;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        unsigned distance = parse_distance(name, names[i]);
        if (distance < least) {
            least = distance;
            near = names[i];
        }
    }
    conf_complain(file->load, &file->place, "unknown section [" CONF_SHOW "], expected %s%s%s; its lines are ignored",
                  name, near ? "perhaps [" : "[limits], [promotion], [report] or [site NAME", near ? near : "", "]");
}

/* line: a heading without its '['. */
static void enter_section(struct conf_file *file, char *line)
{
    leave_section(file);
    char *end = strchr(line, ']');
    if (!end) {
        conf_complain(file->load, &file->place, "'[" CONF_SHOW "' has no end, expected a ']'; its lines are ignored",
                      line);
        return;
    }
    *end = 0;
    if (parse_starts_with(line, "site") && (!line[4] || line[4] == ' ' || line[4] == '\t')) {
        enter_site(file, line + 4, strlen(line + 4));
        return;
    }
    for (int id = 0; id < OPTION_COUNT && !file->section; id++)
        if (parse_same_word(line, option_table[id].section))
            file->section = option_table[id].section;
    if (!file->section)
        unknown_section(file, line);
}

/* Copies the next line without its end and the blanks before it; what cannot be read becomes an empty line. */
static void next_line(struct conf_file *file, char *out, size_t cap)
{
    const char *line = file->text + file->at;
    const char *newline = memchr(line, '\n', file->len - file->at);
    size_t len = newline ? (size_t)(newline - line) : file->len - file->at;
    file->at += len + (newline != NULL);
    file->place.line++;
    for (; len && (*line == ' ' || *line == '\t'); line++)
        len--;
    len -= len && line[len - 1] == '\r';
    out[0] = 0;
    if (!len || *line == '#' || *line == ';')
        return;
    const char *wrong = NULL;
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 127)
            wrong = "the line holds control characters, expected text";
    if (len >= cap)
        wrong = "the line is too long, expected less than " STRING(CONF_MAX_LINE) " bytes";
    if (!wrong) {
        memcpy(out, line, len);
        out[len] = 0;
    } else if (file->section) {
        conf_complain(file->load, &file->place, "%s; %s", wrong, line_fate(file));
        spoil_rule(file);
    }
}

static void check_key(struct conf_file *file)
{
    if (file->key_due && file->section) {
        conf_complain(file->load, &file->place, "there is no '=' in the line, expected NAME = VALUE; %s",
                      line_fate(file));
        spoil_rule(file);
    }
    file->key_due = 0;
}

/* inih's source of lines, in the manner of fgets(). */
static char *on_line(char *str, int num, void *ctx)
{
    struct conf_file *file = ctx;
    check_key(file);
    if (file->at == file->len)
        return NULL;
    next_line(file, str, (size_t)num);
    if (*str == '[') {
        enter_section(file, str + 1);
        *str = 0;
    }
    file->key_due = *str != 0;
    return str;
}

void conf_read(struct conf_load *load, const char *name, const char *text, size_t len)
{
    struct conf_file file = {.load = load, .place = {name, 0}, .text = text, .len = len, .section = NO_SECTION};
    if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) /* byte order mark */
        file.at = 3;
    int max_line = ini_max_line;
    char *prefixes = ini_inline_comment_prefixes;
    ini_max_line = CONF_MAX_LINE;
    ini_inline_comment_prefixes = (char[]){";#"};
    ini_parse_stream(on_line, &file, on_key, &file);
    ini_max_line = max_line;
    ini_inline_comment_prefixes = prefixes;
    leave_section(&file);
}
