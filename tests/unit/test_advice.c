/* Tests of policy/advice.c: what is advised, what it promises, and that pinning.conf takes it.  */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "policy/advice.h"
#include "policy/cost.h"
#include "policy/ledger.h"
#include "policy/rules.h"
#include "tests/unit/fake_prim.h"
#include "tests/unit/report_fixture.h"

/* The text report's advice as options_load() understands it: without complaint. */
static const struct options *pasted(void)
{
    static struct options out;
    const char *conf = strstr(fixture_text, "pinning.conf:\n");
    cr_assert(conf, "no advice in\n%s", fixture_text);
    conf = strchr(conf, '\n');
    fake_reset();
    fake_load(&out, conf, strlen(conf));
    cr_expect_eq(out.n_complaints, 0, "%s\n%s", conf, fake_log());
    return &out;
}

/* The promised gain stands beside the line, and in the JSON. */
static void expect_gain(const char *kind, uint64_t gain_ns)
{
    char part[80];
    snprintf(part, sizeof part, "\"kind\": \"%s\", \"predicted_gain_ns\": %llu,", kind, (unsigned long long)gain_ns);
    cr_expect(strstr(fixture_json, part), "%s: not in %s", part, strstr(fixture_json, "\"advice\""));
    snprintf(part, sizeof part, "# predicted gain: %s", quantity_time(gain_ns).text);
    fixture_expect_line(part, "");
}

Test(advice, none_without_a_gain, .init = fixture_start)
{
    fixture_refused(1, REASON_CAP, 40 * MS);
    fixture_refused(2, REASON_NOT_YET, 40 * MS);
    fixture_write(20);
    fixture_read_again();
    cr_expect_null(strstr(fixture_text, "predicted gain"));
}

Test(advice, one_percent_of_a_short_run_is_enough, .init = fixture_start)
{
    fixture_process.now_ns = 3 * SEC;
    fixture_refused(1, REASON_NOT_YET, 45 * MS);
    fixture_write(20);
    fixture_read_again();
    pasted();
}

Test(advice, a_larger_cap, .init = fixture_start)
{
    fixture_refused(1, REASON_CAP, SEC);
    struct site *site = fixture_refused(2, REASON_CAP, SEC / 2);
    level_add(&site->pinned_bytes, &site->pinned_bytes_peak, 40 * MIB);
    ledger_reserve(60 * MIB + 1, 2);
    fixture_write(20);
    fixture_read_again();
    fixture_validate();
    const struct options *options = pasted();
    cr_expect_eq(options->max_pinned, (61 + 48 + 8) * MIB);
    expect_gain("max_pinned", SEC + SEC / 2 - cost_pin_ns(48 * MIB) - cost_pin_ns(8 * MIB));
    cr_expect_eq(options->n_rules, 0, "sites that the cap stopped need no section");
}

Test(advice, a_larger_cap_is_larger, .init = fixture_start)
{
    fixture_refused(1, REASON_CAP, SEC);
    fixture_write(20);
    fixture_read_again();
    cr_expect_gt(pasted()->max_pinned, FIXTURE_CAP);
}

Test(advice, limits_share_a_heading, .init = fixture_start)
{
    fixture_refused(1, REASON_CAP, SEC);
    fixture_refused(2, REASON_REGIONS, SEC);
    fixture_write(20);
    fixture_read_again();
    fixture_validate();
    const struct options *options = pasted();
    cr_expect_gt(options->max_regions, 0);
    cr_expect_eq(options->origin[OPTION_max_regions].kind, ORIGIN_FILE);
    cr_expect_eq(options->origin[OPTION_max_pinned].kind, ORIGIN_FILE);
    const char *heading = strstr(fixture_text, "[limits]");
    cr_expect(heading && !strstr(heading + 1, "[limits]"));
}

Test(advice, ulimit_is_no_option, .init = fixture_start)
{
    fixture_refused(1, REASON_MEMLOCK, SEC);
    fixture_write(20);
    fixture_read_again();
    fixture_validate();
    pasted();
    expect_gain("memlock", SEC - cost_pin_ns(48 * MIB));
    fixture_expect_line("# predicted gain: ", "ulimit -l 49152");
}

/* Whether the first section of `options` catches this function in that module. */
static int catches(const struct options *options, const char *module, const char *function, uint64_t bytes)
{
    const struct rule_subject subject = {.bytes = bytes, .n_frames = 1, .frame = {{module, function}}};
    return rules_match(options, &subject) == options->rules;
}

Test(advice, always, .init = fixture_start)
{
    fixture_refused(1, REASON_NOT_YET, SEC);
    fixture_write(20);
    fixture_read_again();
    fixture_validate();
    const struct options *options = pasted();
    cr_assert_eq(options->n_rules, 1);
    cr_expect_eq(options->rules[0].promote.mode, PROMOTE_ALWAYS);
    cr_expect(catches(options, "/usr/lib/libload.so.2", "load_batch", 48 * MIB));
    cr_expect(catches(options, "libload.so.2", "load_batch", 64 * MIB - 1));
    cr_expect_not(catches(options, "libload.so.2", "load_batch", 64 * MIB));
    cr_expect_not(catches(options, "libload.so.2", "load_batch", 32 * MIB - 1));
    cr_expect_not(catches(options, "libc.so.6", "load_batch", 48 * MIB));
    cr_expect_not(catches(options, "libload.so.2", "load", 48 * MIB));
    expect_gain("always", SEC - cost_pin_ns(48 * MIB));
}

Test(advice, odd_names_still_match, .init = fixture_start)
{
    static char longest[300];
    static const char *const names[] = {"operator new[](unsigned long)", "a;b # c", "\xff\x01*?[x\\", "=[]", longest};
    memset(longest, 'f', sizeof longest - 1);
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        fixture_symbol = names[i];
        fixture_start();
        fixture_refused(i, REASON_NOT_YET, SEC);
        fixture_write(20);
        fixture_validate();
        const struct options *options = pasted();
        cr_assert_eq(options->n_rules, 1);
        cr_expect(catches(options, "libload.so.2", names[i], 48 * MIB), "%s: %s", names[i], options->rules[0].function);
    }
}

Test(advice, never, .init = fixture_start)
{
    struct site *site = fixture_site(1, 48 * MIB);
    count_add(&site->pins, 3);
    count_add(&site->pin_ns, 2 * SEC);
    count_add(&site->saved_ns, SEC);
    fixture_write(20);
    fixture_read_again();
    fixture_validate();
    const struct options *options = pasted();
    cr_assert_eq(options->n_rules, 1);
    cr_expect_eq(options->rules[0].promote.mode, PROMOTE_NEVER);
    expect_gain("never", SEC);
}

Test(advice, a_sparse_block_is_pinned_if_one_says_so, .init = fixture_start)
{
    fixture_refused(1, REASON_SPARSE, 2 * SEC);
    fixture_write(20);
    fixture_read_again();
    const struct options *options = pasted();
    cr_assert_eq(options->n_rules, 1);
    cr_expect_eq(options->rules[0].promote.mode, PROMOTE_ALWAYS);
    expect_gain("always", 2 * SEC - cost_pin_ns(48 * MIB));
    cr_expect(strstr(fixture_text, "# also where much of a block is never touched"));
}

Test(advice, never_less_what_others_would_lose, .init = fixture_start)
{
    for (unsigned i = 1; i <= 3; i++) {
        struct site *site = fixture_site(i, i < 3 ? 48 * MIB : 96 * MIB);
        count_add(&site->pins, 3);
        count_add(&site->pin_ns, SEC);
        count_add(&site->saved_ns, i == 1 ? 0 : i == 2 ? SEC + SEC / 4 : 9 * SEC);
    }
    fixture_write(20);
    expect_gain("never", SEC - SEC / 4); /* the third is of another size */
}

Test(advice, sites_of_one_section_share_it, .init = fixture_start)
{
    fixture_refused(1, REASON_NOT_YET, SEC);
    fixture_refused(2, REASON_NOT_YET, 2 * SEC);
    fixture_write(20);
    fixture_read_again();
    cr_expect_eq(pasted()->n_rules, 1);
    expect_gain("always", 3 * SEC - 2 * cost_pin_ns(48 * MIB));
}

/* Where the next piece of advice stands, and what it promises. */
static const char *next_gain(const char *at, char gain[24])
{
    static const char mark[] = "# predicted gain: ";
    at = at ? strstr(at, mark) : NULL;
    gain[0] = 0;
    if (at)
        snprintf(gain, 24, "%.*s", (int)strcspn(at + sizeof mark - 1, "\n"), at + sizeof mark - 1);
    return at ? at + 1 : NULL;
}

Test(advice, sites_stand_by_gain_and_apart, .init = fixture_start)
{
    /* The first is the most important site, as it has saved much; two share the section that then gains most. */
    static const uint64_t lost_ms[] = {200, 900, 400, 600, 600};
    static const uint64_t bytes[] = {1, 2, 4, 8, 8};
    for (unsigned i = 0; i < 5; i++) {
        struct site *site = fixture_site(i, bytes[i] * MIB);
        count_add(&site->pins, 1);
        count_add(&site->lost_ns, lost_ms[i] * MS);
        count_add(&site->saved_ns, i ? 0 : 9 * SEC);
    }
    fixture_write(20);
    fixture_read_again();
    fixture_validate();
    char gain[24];
    const char *at = strstr(fixture_text, "pinning.conf:\n");
    static const char *const gains[] = {"1.20 s", "900 ms", "400 ms", "200 ms"};
    for (int i = 0; i < 4; i++) {
        at = next_gain(at, gain);
        cr_expect_str_eq(gain, gains[i]);
    }
    cr_expect_null(next_gain(at, gain));
    at = strstr(fixture_text, "pinning.conf:\n");
    for (int i = 1; i <= 4; i++) {
        char number[16];
        at = strstr(at, "\n[site ");
        cr_assert(at && at[-1] == '\n', "section %d: none, or none after a blank line", i);
        snprintf(number, sizeof number, "-%d]\n", i);
        cr_expect_eq(strncmp(at + strcspn(at, "]") - 2, number, strlen(number)), 0, "%.40s is not number %d", at, i);
        at++;
    }
    cr_expect_eq(pasted()->n_rules, 4);
}

Test(advice, what_the_user_settled_stays_settled, .init = fixture_start)
{
    fixture_refused(1, REASON_NEVER, SEC)->promote.mode = PROMOTE_NEVER;
    fixture_refused(2, REASON_GRAPH, SEC);
    fixture_refused(3, REASON_DRIVER, SEC);
    fixture_write(20);
    fixture_read_again();
    cr_expect_null(strstr(fixture_text, "predicted gain"));
}

static void start_with_section(void)
{
    fixture_conf = "[site mine]\nmodule = libload*\nmax_pinned = 16M\n";
    fixture_start();
}

Test(advice, a_section_that_exists_is_named, .init = start_with_section)
{
    fixture_refused(1, REASON_SITE_CAP, SEC);
    count_add(&fixture_refused(2, REASON_NOT_YET, 3 * SEC)->refused[REASON_NOT_YET], 1);
    fixture_write(20);
    fixture_read_again();
    fixture_validate();
    cr_expect_eq(pasted()->n_rules, 0);
    fixture_expect_line("# predicted gain: ", "max_pinned = 64M in [site mine]");
    fixture_expect_line("# predicted gain: ", "promote = always in [site mine]");
    expect_gain("site_max_pinned", SEC - cost_pin_ns(48 * MIB));
}

Test(advice, no_more_than_fits, .init = fixture_start)
{
    for (unsigned i = 0; i < 40; i++)
        fixture_refused(i, REASON_NOT_YET, SEC)->size_log2 = i; /* so that no two share a section */
    fixture_write(20);
    fixture_read_again();
    fixture_validate();
    cr_expect_eq(pasted()->n_rules, ADVICE_MOST);
}
