/* A pinning.conf: what is wrong in it is told by line, and what was understood is understood again as it is written.
 *
 * fuzz: -max_len=1200 */
#include "policy/conf.h"
#include "policy/options.h"
#include "policy/parse.h"
#include "policy/sink.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "pinning.conf"
#define FURTHER   "autopin: further complaints about the configuration are not shown"

static const char *text;
static size_t text_len;
static unsigned n_lines, n_shown;

static const char *get_env(const char *name)
{
    return strcmp(name, "AUTOPIN_CONF") == 0 ? FILE_NAME : NULL;
}

static int read_file(const char *path, char *buf, size_t cap, size_t *len)
{
    if (strcmp(path, FILE_NAME) != 0)
        return -ENOENT;
    if (text_len > cap)
        return -EFBIG;
    memcpy(buf, text, text_len);
    *len = text_len;
    fuzz_forbid(buf + text_len, buf + cap);
    return 0;
}

static void complain(int level, const char *line)
{
    char *end;
    (void)level;
    if (++n_shown > CONF_MAX_COMPLAINTS) {
        FUZZ_EXPECT(n_shown == CONF_MAX_COMPLAINTS + 1 && strcmp(line, FURTHER) == 0, "%s", line);
        return;
    }
    fuzz_sentence(line, "autopin: " FILE_NAME ":");
    const unsigned long number = strtoul(line + strlen("autopin: " FILE_NAME ":"), &end, 10);
    FUZZ_EXPECT(number >= 1 && number <= n_lines && strncmp(end, ": ", 2) == 0, "of %u lines: %s", n_lines, line);
    FUZZ_EXPECT(strstr(line, "expected") && strchr(line, ';'), "neither what was expected nor what follows: %s", line);
}

static const char *error_text(int error)
{
    (void)error;
    return "an error";
}

static void load(struct options *out, const char *from, size_t len)
{
    const struct options_source source = {get_env, read_file, 64ull << 30, complain, NULL, error_text};
    text = from;
    text_len = len;
    n_lines = 1;
    n_shown = 0;
    for (size_t i = 0; i < len; i++)
        n_lines += from[i] == '\n';
    errno = 77;
    const int rc = options_load(out, &source);
    FUZZ_EXPECT(errno == 77, "errno became %d", errno);
    FUZZ_EXPECT(rc == (int)out->n_complaints && (rc == 0) == (n_shown == 0), "%d, shown %u", rc, n_shown);
    FUZZ_EXPECT(out->n_rules <= OPTION_MAX_RULES, "%u rules", out->n_rules);
}

static const char *value_of(const struct options *options, const struct site_rule *rule, int id)
{
    static char value[OPTION_MAX_TEXT];
    const struct option_info *info = &option_table[id];
    parse_format(info, rule ? (const char *)rule + info->site_offset : (const char *)options + info->offset, value,
                 sizeof value);
    return value;
}

/* As autopin config does. */
static void write_conf(FILE *out, const struct options *options)
{
    for (int id = 0; id < OPTION_COUNT; id++)
        fprintf(out, "[%s]\n%s = %s # words\n", option_table[id].section, option_table[id].name,
                value_of(options, NULL, id));
    for (unsigned i = 0; i < options->n_rules; i++) {
        fprintf(out, "[site %s]\n", options->rules[i].name);
        for (int id = 0; id < OPTION_ROWS; id++)
            if (option_table[id].site_offset >= 0 && options->rules[i].set & 1ull << id)
                fprintf(out, "%s = %s # words\n", option_table[id].name, value_of(options, &options->rules[i], id));
    }
}

static void expect_same(const struct options *one, const struct options *other, const struct site_rule *rule_one,
                        const struct site_rule *rule_other, int id)
{
    char value[OPTION_MAX_TEXT];
    snprintf(value, sizeof value, "%s", value_of(one, rule_one, id));
    FUZZ_EXPECT(strcmp(value, value_of(other, rule_other, id)) == 0, "%s: %s, then %s", option_table[id].name, value,
                value_of(other, rule_other, id));
    const struct option_info *info = &option_table[id];
    const int offset = rule_one ? info->site_offset : info->offset;
    if (info->type != OPTION_TYPE_REPORT && info->type != OPTION_TYPE_GLOB)
        FUZZ_EXPECT(memcmp((const char *)(rule_one ? (const void *)rule_one : one) + offset,
                           (const char *)(rule_other ? (const void *)rule_other : other) + offset,
                           parse_field_size(info->type)) == 0,
                    "%s = %s is not written as it is", info->name, value);
}

static void expect_alike(const struct options *one, const struct options *other)
{
    FUZZ_EXPECT(one->n_rules == other->n_rules, "%u rules, then %u", one->n_rules, other->n_rules);
    for (int id = 0; id < OPTION_COUNT; id++)
        expect_same(one, other, NULL, NULL, id);
    for (unsigned i = 0; i < one->n_rules; i++)
        for (int id = 0; id < OPTION_ROWS; id++)
            if (option_table[id].site_offset >= 0)
                expect_same(one, other, &one->rules[i], &other->rules[i], id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct options options, again;
    char *written = NULL;
    size_t len;
    load(&options, (const char *)data, size);
    FILE *out = open_memstream(&written, &len);
    write_conf(out, &options);
    fclose(out);
    load(&again, written, len);
    FUZZ_EXPECT(n_shown == 0, "a good file was complained of:\n%s", written);
    expect_alike(&options, &again);
    free(written);
    return 0;
}
