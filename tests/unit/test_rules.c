/* Tests of policy/rules.c: patterns, and which [site] section an allocation falls under. */
#include "policy/rules.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>
#include <string.h>

static struct options options;

TestSuite(rules, .init = fake_reset);

static const struct {
    const char *pattern, *text;
    int match;
} globs[] = {
    {"", "", 1},
    {"", "a", 0},
    {"*", "", 1},
    {"**", "abc", 1},
    {"a", "a", 1},
    {"a", "A", 0},
    {"a", "ab", 0},
    {"ab", "a", 0},
    {"?", "a", 1},
    {"?", "", 0},
    {"a?c", "abc", 1},
    {"a*c", "ac", 1},
    {"a*c", "abcbc", 1},
    {"a*c", "abcb", 0},
    {"*ab*ba*", "xabba", 1},
    {"*ab*ba*", "xaba", 0},
    {"libtorch*.so*", "libtorch_cpu.so.2", 1},
    {"[abc]", "b", 1},
    {"[abc]", "d", 0},
    {"[a-c]x", "bx", 1},
    {"[a-c]x", "dx", 0},
    {"[!a-c]", "d", 1},
    {"[!a-c]", "b", 0},
    {"[^a-c]", "b", 0},
    {"[]a]", "]", 1},
    {"[]a]", "b", 0},
    {"[a-]", "-", 1},
    {"[a", "[a", 1},
    {"[a", "a", 0},
    {"*[0-9]*", "abc7def", 1},
    {"*[0-9]", "a1b", 0},
    {"\\*", "*", 1},
    {"\\*", "a", 0},
    {"\\[a]", "[a]", 1},
    {"\\", "\\", 1},
    {"[\x80-\xff]", "\xc3", 1},
};

Test(rules, globs)
{
    for (size_t i = 0; i < sizeof(globs) / sizeof(*globs); i++)
        cr_expect_eq(rules_glob(globs[i].pattern, globs[i].text), globs[i].match, "'%s' and '%s'", globs[i].pattern,
                     globs[i].text);
}

/* The text backtracks at every byte; anything exponential would not end. */
Test(rules, globs_of_many_stars_end, .timeout = 10)
{
    char text[4096], pattern[OPTION_MAX_GLOB] = "";
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    for (size_t i = 0; i + 3 < sizeof(pattern); i += 2)
        memcpy(pattern + i, "*a", 3);
    strcat(pattern, "b");
    cr_expect_eq(rules_glob(pattern, text), 0);
}

static void load(const char *text)
{
    cr_assert_eq(fake_load(&options, text, strlen(text)), 0, "%s", fake_log());
}

static const char *match(uint64_t bytes, const char *module0, const char *function0, const char *module1,
                         const char *function1)
{
    struct rule_subject subject = {.bytes = bytes, .n_frames = 2};
    subject.frame[0].module = module0;
    subject.frame[0].function = function0;
    subject.frame[1].module = module1;
    subject.frame[1].function = function1;
    const struct site_rule *rule = rules_match(&options, &subject);
    return rule ? rule->name : "none";
}

Test(rules, first_match_wins)
{
    load(
        "[site narrow]\nmodule = libb*\nfunction = read_*\n[site wide]\nmodule = lib*\n[site never]\nmodule = liba*\n");
    cr_expect_eq(options.n_rules, 3);
    cr_expect_str_eq(match(1, "libb.so", "read_it", "app", "main"), "narrow");
    cr_expect_str_eq(match(1, "libb.so", "write_it", "app", "main"), "wide");
    cr_expect_str_eq(match(1, "/usr/lib/liba.so", NULL, "app", "main"), "wide");
    cr_expect_str_eq(match(1, "app", "read_it", "other", "main"), "none");
}

Test(rules, both_patterns_fit_the_same_frame)
{
    load("[site one]\nmodule = liba*\nfunction = work\n");
    cr_expect_str_eq(match(1, "liba.so", "rest", "app", "work"), "none");
    cr_expect_str_eq(match(1, "app", "main", "liba.so", "work"), "one");
}

Test(rules, sizes_are_inclusive)
{
    load("[site middle]\nmin_size = 1M\nmax_size = 2M\n[site large]\nmin_size = 4M\n");
    cr_expect_str_eq(match((1 << 20) - 1, "a", "f", "b", "g"), "none");
    cr_expect_str_eq(match(1 << 20, "a", "f", "b", "g"), "middle");
    cr_expect_str_eq(match(2 << 20, "a", "f", "b", "g"), "middle");
    cr_expect_str_eq(match((2 << 20) + 1, "a", "f", "b", "g"), "none");
    cr_expect_str_eq(match(UINT64_MAX, "a", "f", "b", "g"), "large");
}

Test(rules, depth)
{
    load("[site inner]\nfunction = f\ndepth = 0\n[site caller]\nfunction = f\ndepth = 1\n[site deep]\nfunction = g\n"
         "module = c\n");
    cr_expect_str_eq(match(1, "a", "f", "b", "g"), "inner");
    cr_expect_str_eq(match(1, "a", "g", "b", "f"), "caller", "frames 0 and 1");
    cr_expect_str_eq(match(1, "a", "g", "b", "g"), "none");
}

Test(rules, depth_is_how_far_a_match_may_look)
{
    struct rule_subject subject = {.bytes = 1, .n_frames = 4};
    load("[site near]\nfunction = f\ndepth = 2\n[site far]\nfunction = f\ndepth = 15\n"); /* more than there are */
    for (unsigned at = 0; at < 4; at++) {
        for (unsigned i = 0; i < 4; i++) {
            subject.frame[i].module = "a";
            subject.frame[i].function = i == at ? "f" : "g";
        }
        const struct site_rule *rule = rules_match(&options, &subject);
        cr_expect_str_eq(rule ? rule->name : "none", at <= 2 ? "near" : "far", "frame %u", at);
    }
}

Test(rules, unknown_names_match_only_anything)
{
    load("[site named]\nfunction = ?*\n[site any]\nmodule = *\n");
    cr_expect_str_eq(match(1, NULL, NULL, "b", NULL), "any");
    cr_expect_str_eq(match(1, NULL, NULL, "b", "x"), "named");
    struct rule_subject nothing = {.bytes = 1};
    cr_assert_not_null(rules_match(&options, &nothing));
    cr_expect_str_eq(rules_match(&options, &nothing)->name, "any");
    nothing.n_frames = 1000; /* more than there are */
    cr_expect_str_eq(rules_match(&options, &nothing)->name, "any");
}

Test(rules, settings_inherit_from_the_process)
{
    fake_set_env("AUTOPIN_PROMOTE", "never");
    load("[limits]\nmax_pinned = 3G\n[promotion]\npin_wait = yes\n[site own]\nasync = relaxed\npriority = 7\n"
         "max_pinned = 50%\n[site bare]\nmodule = lib*\n");
    const struct site_rule *own = &options.rules[0], *bare = &options.rules[1];
    cr_expect_eq(own->max_pinned, 32ull << 30);
    cr_expect_eq(own->async, OPTION_ASYNC_RELAXED);
    cr_expect_eq(own->priority, 7);
    cr_expect_eq(own->pin_wait, 1);
    cr_expect_eq(own->promote.mode, PROMOTE_NEVER, "the variable comes before the file");
    cr_expect_eq(own->set, 1ull << OPTION_async | 1ull << SITE_priority | 1ull << OPTION_max_pinned);
    cr_expect_eq(own->depth, OPTION_ANY_DEPTH);
    cr_expect_eq(own->line, 5);
    cr_expect_eq(bare->max_pinned, 3ull << 30);
    cr_expect_eq(bare->async, OPTION_ASYNC_STRICT);
    cr_expect_eq(bare->priority, 0);
    cr_expect_str_eq(bare->module, "lib*");
    cr_expect_str_eq(bare->function, "*");
}

Test(rules, what_is_in_the_way)
{
    static const char text[] = "[site a]\nmodule = libload*\nfunction = read_*\nmin_size = 1M\nmax_size = 8M\n"
                               "[site b]\nmodule = libload*\ndepth = 0\n";
    struct rule_subject subject = {.bytes = 4 << 20, .n_frames = 2};
    unsigned frame = 9;
    cr_assert_eq(fake_load(&options, text, sizeof text - 1), 0, "%s", fake_log());
    const struct site_rule *a = &options.rules[0];
    subject.frame[0].module = "/usr/lib/libc.so.6";
    subject.frame[0].function = "read_all";
    cr_expect_eq(rules_fit(a, &subject, &frame), RULE_MODULE);
    subject.frame[1].module = "/usr/lib/libload.so.2";
    subject.frame[1].function = "write_all";
    cr_expect_eq(rules_fit(a, &subject, &frame), RULE_FUNCTION);
    cr_expect_eq(frame, 1);
    subject.frame[1].function = "read_all";
    cr_expect_eq(rules_fit(a, &subject, &frame), RULE_FITS);
    cr_expect_eq(frame, 1);
    cr_expect_eq(rules_fit(&options.rules[1], &subject, &frame), RULE_MODULE, "beyond its depth");
    subject.bytes = (1 << 20) - 1;
    cr_expect_eq(rules_fit(a, &subject, &frame), RULE_SMALL);
    subject.bytes = (8 << 20) + 1;
    cr_expect_eq(rules_fit(a, &subject, &frame), RULE_LARGE);
}
