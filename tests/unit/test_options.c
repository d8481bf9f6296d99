/* Tests of policy/options.c, parse.c and parse_text.c: the table, its notation, and where values come from. */
#include "policy/conf.h"
#include "policy/parse.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <ini.h>
#include <string.h>

#define RAM (64ull << 30)

static struct options options;

static const struct option_info *row(const char *name)
{
    for (int id = 0; id < OPTION_ROWS; id++)
        if (!strcmp(option_table[id].name, name))
            return &option_table[id];
    cr_assert_fail("no option %s", name);
    return NULL;
}

TestSuite(options, .init = fake_reset);

Test(options, every_default_and_bound_parses)
{
    union {
        uint64_t amount;
        char text[OPTION_MAX_TEXT];
    } field;
    for (int id = 0; id < OPTION_ROWS; id++) {
        const struct option_info *info = &option_table[id];
        cr_expect_eq(parse_option(info, info->fallback, RAM, &field), 0, "%s = %s", info->name, info->fallback);
        cr_expect_eq(!*info->minimum, !*info->maximum, "%s has one bound", info->name);
        if (!*info->minimum || info->type == OPTION_TYPE_PROMOTE)
            continue;
        cr_expect_eq(parse_option(info, info->minimum, RAM, &field), 0, "%s from %s", info->name, info->minimum);
        cr_expect_eq(parse_option(info, info->maximum, RAM, &field), 0, "%s to %s", info->name, info->maximum);
    }
}

Test(options, defaults_are_what_the_design_says)
{
    cr_assert_eq(options_load(&options, &fake_source), 0, "%s", fake_log());
    cr_expect_eq(options.max_pinned, RAM / 4);
    cr_expect_eq(options.max_regions, 4096);
    cr_expect_eq(options.min_size, 1 << 20);
    cr_expect_eq(options.min_free, RAM / 20);
    cr_expect_eq(options.max_pressure, 1000);
    cr_expect_eq(options.backend, OPTION_BACKEND_AUTO);
    cr_expect_eq(options.promote.mode, PROMOTE_AUTO);
    cr_expect_eq(options.async, OPTION_ASYNC_STRICT);
    cr_expect_eq(options.pin_wait, 0);
    cr_expect_eq(options.idle_timeout, 30000000000);
    cr_expect_str_eq(options.report, "text");
    cr_expect_eq(options.report_empty, 0);
    cr_expect_eq(options.report_sites, 20);
    cr_expect_eq(options.verbosity, 1);
    cr_expect_eq(options.n_rules, 0);
    cr_expect_str_eq(options.file, "");
    cr_expect_eq(fake.mapped_bytes, 0, "the file buffer was not given back");
}

static const struct {
    const char *option, *text;
    int err;
    uint64_t value;
} amounts[] = {
    {"min_free", "4096", 0, 4096},
    {"min_free", "64K", 0, 64 << 10},
    {"min_free", "3m", 0, 3 << 20},
    {"min_free", "2GiB", 0, 2ull << 30},
    {"min_free", "2 Gi", 0, 2ull << 30},
    {"min_free", "2gb", 0, 2ull << 30},
    {"min_free", "1.5G", 0, 3ull << 29},
    {"min_free", "4096B", 0, 4096},
    {"min_free", "0", 0, 0},
    {"min_free", "12.5%", 0, RAM / 8},
    {"min_free", "100 %", 0, RAM},
    {"min_free", "101%", PARSE_CUT, RAM},
    {"min_free", "1T", PARSE_CUT, RAM},
    {"min_free", "99999999999999999999999", PARSE_CUT, RAM},
    {"min_free", "17179869184T", PARSE_CUT, RAM},
    {"min_free", "26843545600%", PARSE_CUT, RAM}, /* 2 to the 64th bytes */
    {"min_free", "", -EINVAL, 0},
    {"min_free", "-1", -EINVAL, 0},
    {"min_free", "+1", -EINVAL, 0},
    {"min_free", "G", -EINVAL, 0},
    {"min_free", "4X", -EINVAL, 0},
    {"min_free", "4 G B", -EINVAL, 0},
    {"min_free", "4Gx", -EINVAL, 0},
    {"min_free", "4%%", -EINVAL, 0},
    {"min_free", "1.G", -EINVAL, 0},
    {"min_free", "1.5", -EINVAL, 0},
    {"min_free", "0x10", -EINVAL, 0},
    {"min_free", "1e9", -EINVAL, 0},
    {"max_size", "18446744073709551616", -ERANGE, 0},
    {"max_size", "16777216T", -ERANGE, 0},
    {"max_size", "50%", -EINVAL, 0},
    {"max_regions", "1", 0, 1},
    {"max_regions", "0", -ERANGE, 0},
    {"max_regions", "1000001", -ERANGE, 0},
    {"max_regions", "4k", -EINVAL, 0},
    {"max_regions", "1.0", -EINVAL, 0},
    {"idle_timeout", "100ms", 0, 100000000},
    {"idle_timeout", "99ms", -ERANGE, 0},
    {"idle_timeout", "0", 0, 0},
    {"idle_timeout", "0s", 0, 0},
    {"idle_timeout", "1.5 s", 0, 1500000000},
    {"idle_timeout", "2min", 0, 120000000000},
    {"idle_timeout", "24H", 0, 86400000000000},
    {"idle_timeout", "25h", -ERANGE, 0},
    {"idle_timeout", "30", -EINVAL, 0},
    {"idle_timeout", "30m", -EINVAL, 0},
    {"idle_timeout", "99999999999999999h", -ERANGE, 0},
    {"max_pressure", "10%", 0, 1000},
    {"max_pressure", "0.25 %", 0, 25},
    {"max_pressure", "0.1%", 0, 10},
    {"max_pressure", "0.09%", -ERANGE, 0},
    {"max_pressure", "100.01%", -ERANGE, 0},
    {"max_pressure", "10", -EINVAL, 0},
    {"max_pressure", "10%%", -EINVAL, 0},
    {"max_pressure", "%", -EINVAL, 0},
    {"max_pressure", "99999999999999999999%", -ERANGE, 0},
    {"max_pressure", "Off", 0, 0},
    {"max_pressure", "no", -EINVAL, 0},
};

Test(options, amounts)
{
    for (size_t i = 0; i < sizeof(amounts) / sizeof(*amounts); i++) {
        uint64_t value = 0;
        int err = parse_option(row(amounts[i].option), amounts[i].text, RAM, &value);
        cr_expect_eq(err, amounts[i].err, "%s = %s gives %d", amounts[i].option, amounts[i].text, err);
        cr_expect_eq(value, amounts[i].value, "%s = %s is %llu", amounts[i].option, amounts[i].text,
                     (unsigned long long)value);
    }
}

/* What is read is written back as the second text; NULL: it is refused. */
static const char *const words[][3] = {
    {"pin_wait", "yes", "yes"},
    {"pin_wait", "ON", "yes"},
    {"pin_wait", "True", "yes"},
    {"pin_wait", "1", "yes"},
    {"pin_wait", "no", "no"},
    {"pin_wait", "off", "no"},
    {"pin_wait", "FALSE", "no"},
    {"pin_wait", "0", "no"},
    {"pin_wait", "2", NULL},
    {"pin_wait", "y", NULL},
    {"backend", "auto", "auto"},
    {"backend", "CUDA", "cuda"},
    {"backend", "mlock", "mlock"},
    {"backend", "none", "none"},
    {"backend", "mloc", NULL},
    {"backend", "mlockx", NULL},
    {"backend", "auto|cuda", NULL},
    {"backend", "", NULL},
    {"backend", "|", NULL},
    {"async", "relaxed", "relaxed"},
    {"async", "lazy", NULL},
    {"promote", "auto", "auto"},
    {"promote", "Always", "always"},
    {"promote", "never", "never"},
    {"promote", "after=3", "after=3"},
    {"promote", "AFTER=1000000", "after=1000000"},
    {"promote", "after=0", NULL},
    {"promote", "after=1000001", NULL},
    {"promote", "after=", NULL},
    {"promote", "after=x", NULL},
    {"promote", "after", NULL},
    {"promote", "3", NULL},
    {"report", "OFF", "off"},
    {"report", "json", "json"},
    {"report", "/var/tmp/r-%p.json", "/var/tmp/r-%p.json"},
    {"report", "r.txt", "r.txt"},
    {"report", "./Größe", "./Größe"},
    {"report", "jsno", NULL},
    {"report", "no", NULL},
    {"report", "/tmp/\xff", NULL},
    {"report", "/tmp/a\nb", NULL},
    {"report", "", NULL},
    {"depth", "any", "any"},
    {"depth", "0", "0"},
    {"depth", "15", "15"},
    {"depth", "16", NULL},
    {"depth", "-1", NULL},
    {"module", "libfoo*", "libfoo*"},
    {"idle_timeout", "90s", "90s"},
    {"idle_timeout", "120s", "2min"},
    {"idle_timeout", "0", "0"},
    {"max_pressure", "7%", "7%"},
    {"max_pressure", "2.50%", "2.5%"},
    {"max_pressure", "0.25%", "0.25%"},
    {"max_pressure", "OFF", "off"},
    {"max_pressure", "off%", NULL},
    {"idle_timeout", "1.5s", "1500ms"},
    {"idle_timeout", "100.5ms", "100.5ms"},
    {"idle_timeout", "0.100000001s", "100.000001ms"},
    {"min_size", "1024K", "1M"},
    {"min_size", "65537", "65537"},
    {"verbosity", "3", "3"},
};

Test(options, words_are_read_and_written)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        char field[OPTION_MAX_TEXT] __attribute__((aligned(8))) = "", out[OPTION_MAX_TEXT] = "";
        const struct option_info *info = row(words[i][0]);
        int err = parse_option(info, words[i][1], RAM, field);
        cr_expect_eq(err == 0, words[i][2] != NULL, "%s = %s gives %d", words[i][0], words[i][1], err);
        if (err)
            continue;
        parse_format(info, field, out, sizeof(out));
        cr_expect_str_eq(out, words[i][2], "%s = %s is written %s", words[i][0], words[i][1], out);
    }
}

Test(options, text_has_a_longest)
{
    char text[OPTION_MAX_TEXT + 1], field[OPTION_MAX_TEXT];
    memset(text, '/', sizeof(text));
    text[OPTION_MAX_TEXT] = 0;
    cr_expect_eq(parse_option(row("report"), text, RAM, field), -EINVAL);
    text[OPTION_MAX_TEXT - 1] = 0;
    cr_expect_eq(parse_option(row("report"), text, RAM, field), 0);
    cr_expect_eq(parse_option(row("module"), text, RAM, field), -EINVAL);
}

Test(options, distance)
{
    cr_expect_eq(parse_distance("max_pinned", "MAX_PINNED"), 0);
    cr_expect_eq(parse_distance("max_pined", "max_pinned"), 1);
    cr_expect_eq(parse_distance("max-pinnde", "max_pinned"), 2);
    cr_expect_eq(parse_distance("", "abc"), 3);
    cr_expect_eq(parse_distance("kitten", "sitting"), 3);
    char letters[257] = "";
    memset(letters, 'a', 256);
    cr_expect_geq(parse_distance(letters, ""), 3);
    cr_expect_geq(parse_distance("a_name_of_more_than_thirty_two_bytes", "a"), 3);
}

Test(options, utf8)
{
    static const char *const good[] = {"", "abc", "ä", "€", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc3",
                                      "\xc3(",
                                      "\xc0\xaf",
                                      "\xe0\x80\xaf",
                                      "\xed\xa0\x80",
                                      "\xff",
                                      "\xf0\x80\x80\xaf",
                                      "\xf4\x90\x80\x80",
                                      "\xe2\x82"};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        cr_expect(parse_is_utf8(good[i]), "good %zu", i);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        cr_expect(!parse_is_utf8(bad[i]), "bad %zu", i);
}

Test(options, disabled)
{
    static const struct {
        const char *value;
        int disabled;
    } cases[] = {{NULL, 0}, {"", 0}, {"0", 0}, {"no", 0}, {"1", 1}, {"yes", 1}, {"quite", 1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        fake_reset();
        if (cases[i].value)
            fake_set_env("AUTOPIN_DISABLE", cases[i].value);
        cr_expect_eq(options_disabled(&fake_source), cases[i].disabled, "%s", cases[i].value);
    }
}

/* inih allocates only with the other value of these two. */
Test(options, inih_stays_off_the_heap)
{
    cr_expect(ini_use_stack);
    cr_expect(!ini_allow_realloc);
}
