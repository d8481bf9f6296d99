/* Tests of policy/conf.c, conf_store.c and the loading in options.c: files good and bad, and which source wins. */
#include "policy/conf.h"
#include "policy/parse.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct options options, defaults;

static void start(void)
{
    fake_reset();
    options_load(&defaults, &fake_source);
}
TestSuite(conf, .init = start);

static int load(const char *text)
{
    return fake_load(&options, text, strlen(text));
}

/* One mistake each: the text, and what its one complaint says after "autopin: test.conf:". */
static const struct {
    const char *text, *says;
} mistakes[] = {
    {"[limit]\nmax_pinned = 1G\n", "1: unknown section [limit], expected perhaps [limits]; its lines are ignored"},
    {"[zzz]\n", "1: unknown section [zzz], expected [limits], [promotion], [report] or [site NAME]; its lines"},
    {"[limits\nmax_pinned = 1G\n", "1: '[limits' has no end, expected a ']'; its lines are ignored"},
    {"[site]\nmodule = x\n", "1: the site has no name, expected [site NAME]"},
    {"max_pinned = 1G\n",
     "1: max_pinned does not belong in [no section], expected it in [limits]; the line is ignored"},
    {"hello = 1\n", "1: unknown option 'hello' in [no section], expected a [section] line before it; the line is"},
    {"[limits]\npromote = never\n", "2: promote does not belong in [limits], expected it in [promotion]"},
    {"[limits]\n\nmax_pined = 1G\n",
     "3: unknown option 'max_pined' in [limits], expected perhaps max_pinned; the line"},
    {"[report]\nzzz = 1\n", "2: unknown option 'zzz' in [report], expected one of report, report_empty, "},
    {"[limits]\nmax_pinned = lots\n",
     "2: max_pinned = 'lots' is not understood, expected a size such as 4GiB or a share "
     "of RAM such as 25%, from 0 to 100%; the default 25% stays"},
    {"[limits]\nmax_pinned =\n", "2: max_pinned = '' is not understood"},
    {"[limits]\nmax_regions = 0\n",
     "2: max_regions = '0' is out of range, expected a whole number, from 1 to 1000000; the "
     "default 4096 stays"},
    {"[limits]\nmax_regions 7\n", "2: there is no '=' in the line, expected NAME = VALUE; the line is ignored"},
    {"[limits]\nmax_regions ; = 7\n", "2: there is no '=' in the line"},
    {"[limits]\nmax_regions 7", "2: there is no '=' in the line"},
    {"[promotion]\nbackend = gpu\n",
     "2: backend = 'gpu' is not understood, expected auto|cuda|mlock|none; the default "},
    {"[report]\nreport = jsno\n", "2: report = 'jsno' is not understood, expected off, text, json or a path"},
    {"[report]\nreport = /tmp/\xff\n", "2: report = '/tmp/?' is not understood"},
    {"[limits]\nmin_size = \x01\n", "2: the line holds control characters, expected text; the line is ignored"},
    {"[limits]\n\xc3\xa4 = 1\n", "2: unknown option '\xc3\xa4' in [limits], expected one of max_pinned"},
    {"[limits]\n\xff = 1\n", "2: unknown option '?' in [limits]"},
    {"[site a]\nmax_size = 1M\nmin_size = 2M\n",
     "1: max_size of [site a] is below its min_size, expected it above; this "
     "site section is left out"},
    {"[site a]\nmodul = x\npromote = always\n",
     "2: unknown option 'modul' in [site], expected perhaps module; this site "
     "section is left out"},
    {"[site a]\nmodule x\npromote = always\n",
     "2: there is no '=' in the line, expected NAME = VALUE; this site section"},
    {"[site a]\ndepth = 99\n",
     "2: depth = '99' is out of range, expected any|N with N from 0 to 15; this site section is "},
    {"[site a]\nsource = a.cc\n", "2: source files are not known while a program runs; autopin config --source PATTERN "
                                  "-r REPORT.json says which module and function to write instead; this site section"},
    {"[limits]\nsource = a.cc\n", "2: unknown option 'source' in [limits]"},
    {"[site a]\nbackend = cuda\n",
     "2: backend does not belong in [site], expected it in [promotion]; this site section"},
};

static int same_options(const struct options *a, const struct options *b)
{
    for (int id = 0; id < OPTION_COUNT; id++) {
        char text_a[300], text_b[300];
        options_format(a, id, text_a, sizeof(text_a));
        options_format(b, id, text_b, sizeof(text_b));
        if (strcmp(text_a, text_b))
            return 0;
    }
    return a->n_rules == b->n_rules;
}

Test(conf, each_mistake_is_one_sentence)
{
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
        char says[400];
        fake_reset();
        load(mistakes[i].text);
        snprintf(says, sizeof(says), "autopin: test.conf:%s", mistakes[i].says);
        cr_expect_eq(options.n_complaints, 1, "%zu: %u complaints", i, options.n_complaints);
        cr_expect(!strncmp(fake_log(), says, strlen(says)), "%zu: '%s' is not '%s'", i, fake_log(), says);
        cr_expect(same_options(&options, &defaults), "%zu changed something", i);
    }
}

Test(conf, nothing_else_is_lost)
{
    int n =
        load("[limits]\nmax_regions = x\nmin_size = 2M\n[nonsense]\nmin_size = 3M\n[promotion]\n=\nbackend = mlock\n"
             "[site a]\npriority = x\nasync = relaxed\n[site b]\ndepth = x\n[site c]\nfunction = f\n");
    cr_expect_eq(n, 5, "%s", fake_log());
    cr_expect_eq(options.max_regions, 4096);
    cr_expect_eq(options.min_size, 2 << 20);
    cr_expect_eq(options.backend, OPTION_BACKEND_MLOCK);
    cr_assert_eq(options.n_rules, 2);
    cr_expect_str_eq(options.rules[0].name, "a", "a setting that is wrong does not spoil its section");
    cr_expect_eq(options.rules[0].async, OPTION_ASYNC_RELAXED);
    cr_expect_str_eq(options.rules[1].name, "c");
}

Test(conf, duplicates)
{
    load("[limits]\nmax_regions = x\nmax_regions = 5\nmax_regions = 6\n[site a]\npriority = 1\npriority = 2\n");
    cr_expect_eq(options.max_regions, 5);
    cr_expect(fake_logged(":4: max_regions is set again, expected it once; the value of test.conf:3 stays\n"));
    cr_expect_eq(options.rules[0].priority, 1);
    cr_expect(fake_logged(":7: priority is set again, expected it once; the first value in this section stays\n"));
    cr_expect_eq(options.n_complaints, 3, "%s", fake_log());
}

Test(conf, notation)
{
    static const char text[] =
        "\xef\xbb\xbf# \xff comment\x01\r\n  [Limits]  # here\r\n\r\n\tMax_Regions = 7 # seven\r\n"
        "   min_size: 2M ; two\r\n[site a b]\nmodule=lib[a-c];x*\nfunction =  a b  \n; end";
    cr_expect_eq(load(text), 0, "%s", fake_log());
    cr_expect_eq(options.max_regions, 7);
    cr_expect_eq(options.min_size, 2 << 20);
    cr_assert_eq(options.n_rules, 1);
    cr_expect_str_eq(options.rules[0].name, "a b");
    cr_expect_str_eq(options.rules[0].module, "lib[a-c];x*");
    cr_expect_str_eq(options.rules[0].function, "a b");
}

Test(conf, long_lines)
{
    static char text[3 * CONF_MAX_LINE];
    int at = sprintf(text, "#%0*d\n[report]\nreport = /", CONF_MAX_LINE + 9, 0);
    sprintf(text + at, "%0*d\nreport_sites = 7\n", CONF_MAX_LINE, 0);
    cr_expect_eq(load(text), 1, "%s", fake_log());
    cr_expect(fake_logged(":3: the line is too long, expected less than 1024 bytes; the line is ignored"), "%s",
              fake_log());
    cr_expect_eq(options.report_sites, 7);
    cr_expect_str_eq(options.report, "text");

    fake_reset();
    sprintf(text, "[report]\nreport_sites = %0*d", CONF_MAX_LINE - 1 - 15, 8); /* the longest there may be */
    cr_expect_eq(load(text), 0, "%s", fake_log());
    cr_expect_eq(options.report_sites, 8);
}

Test(conf, binary_lines)
{
    static const char text[] = "[limits]\nmax_regions = 5\0 6\nmin_size\0= 2M\n\0\nmin_size = 4M\n";
    cr_expect_eq(fake_load(&options, text, sizeof(text) - 1), 3, "%s", fake_log());
    cr_expect_eq(options.max_regions, 4096);
    cr_expect_eq(options.min_size, 4 << 20);
}

Test(conf, complaints_are_capped)
{
    char text[1200] = "[limits]\n";
    for (int i = 0; i < 100; i++)
        strcat(text, "zzz = 1\n");
    cr_expect_eq(load(text), 100);
    cr_expect_eq(fake_log_lines(), CONF_MAX_COMPLAINTS + 1);
    cr_expect(fake_logged("autopin: further complaints about the configuration are not shown\n"));
}

Test(conf, too_many_sites)
{
    char text[4096] = "";
    for (int i = 0; i < OPTION_MAX_RULES + 2; i++)
        sprintf(text + strlen(text), "[site s%d]\npriority = %d\n", i, i);
    strcat(text, "[limits]\nmax_regions = 9\n");
    cr_expect_eq(load(text), 2, "%s", fake_log());
    cr_expect(fake_logged("test.conf:129: site 's64' is one too many, expected at most 64; it is ignored\n"));
    cr_expect_eq(options.n_rules, OPTION_MAX_RULES);
    cr_expect_eq(options.rules[63].priority, 63);
    cr_expect_eq(options.max_regions, 9);
}

Test(conf, site_names)
{
    char text[128];
    sprintf(text, "[site %0*d]\n[site\t%0*d]\n[sites]\n", OPTION_MAX_NAME - 1, 1, OPTION_MAX_NAME, 2);
    cr_expect_eq(load(text), 2, "%s", fake_log());
    cr_expect(fake_logged(":2: the site has too long a name, expected [site NAME] of at most 47 bytes"));
    cr_expect(fake_logged(":3: unknown section [sites]"));
    cr_expect_eq(options.n_rules, 1);
}
