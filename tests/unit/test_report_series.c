/* Tests of policy/report_series.c: what the figures are is tested in test_history.c and test_curve.c.  Run from the
 * root of the sources. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "policy/cost.h"
#include "policy/history.h"
#include "policy/record.h"
#include "tests/unit/fake_prim.h"
#include "tests/unit/report_fixture.h"

typedef unsigned long long ull;

/* How many numbers stand in the array at the first `key` after `place`. */
static unsigned row_length(const char *place, const char *key)
{
    const char *at = strstr(strstr(fixture_json, place), key), *end = strchr(at, ']');
    unsigned commas = 0;
    for (; at < end; at++)
        commas += *at == ',';
    return commas + 1;
}

Test(report_series, history_has_a_number_for_each_point_in_each_row, .init = fixture_start)
{
    static const char *const rows[] = {"\"time_ns\": [", "\"pinned_bytes\": [", "\"pinned_regions\": [",
                                       "\"cap_bytes\": ["};
    count_add(&record.totals.count[DIR_H2D][WAY_PLAIN].bytes, 114 * MIB);
    for (uint64_t i = 0; i < 1000; i++)
        history_copied(2 * SEC + i * MS);
    fixture_write(20);
    fixture_validate();
    const unsigned n = row_length("\"history\"", "\"time_ns\": [");
    cr_expect_gt(n, 60);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(row_length("\"history\"", rows[i]), n, "%s", rows[i]);
    const char *copies = strstr(strstr(fixture_json, "\"history\""), "\"copies\"");
    unsigned n_rows = 0;
    for (const char *at = copies; (at = strstr(at, "s\": [")) && at < strstr(copies, "}}},"); at++, n_rows++)
        cr_expect_eq(row_length(at, "["), n, "row %u", n_rows);
    cr_expect_eq(n_rows, DIR_COUNT * HISTORY_WAYS * 2);
    char part[64];
    snprintf(part, sizeof part, "%llu]", 10 * SEC);
    cr_expect(strstr(strstr(fixture_json, "\"time_ns\": ["), part), "the last point is the report's");
    snprintf(part, sizeof part, "\"bytes\": [%llu,", 114 * MIB);
    cr_expect(strstr(copies, part), "%.300s", copies);
}

Test(report_series, curve_is_of_the_sites, .init = fixture_start)
{
    struct site *dear = fixture_site(1, 32 * MIB), *cheap = fixture_site(2, 8 * MIB);
    char part[160];
    count_add(&dear->saved_ns, SEC);
    level_add(&dear->pinned_bytes, &dear->pinned_bytes_peak, 48 * MIB); /* one block live, half of one kept */
    count_add(&cheap->saved_ns, 2 * SEC);
    count_add(&cheap->lost_ns, SEC);
    fixture_site(3, 4 * MIB);
    fixture_write(20);
    fixture_validate();
    const ull first = 3 * SEC - cost_pin_ns(8 * MIB), both = first + SEC - cost_pin_ns(48 * MIB);
    snprintf(part, sizeof part, "{\"site\": \"%016llx\", \"cap_bytes\": %llu, \"saved_ns\": %llu}", (ull)cheap->key,
             8 * MIB, first);
    cr_expect(strstr(fixture_json, part), "no %s", part);
    snprintf(part, sizeof part, "{\"site\": \"%016llx\", \"cap_bytes\": %llu, \"saved_ns\": %llu}]", (ull)dear->key,
             56 * MIB, both);
    cr_expect(strstr(fixture_json, part), "no %s", part);
    cr_expect(strstr(fixture_json, "\"curve\": {\"knee\": 0,"));
}

Test(report_series, a_byte_costs_what_it_has_cost, .init = fixture_start)
{
    struct site *site = fixture_site(1, 32 * MIB);
    count_add(&site->saved_ns, SEC);
    count_add(&site->pin_ns, 100 * MS);
    count_add(&site->pin_bytes_total, 64 * MIB);
    fixture_write(20);
    cr_expect(strstr(fixture_json, "\"cap_bytes\": 33554432, \"saved_ns\": 950000000}"));
}

Test(report_series, without_memory_there_are_none, .init = fixture_start)
{
    count_add(&fixture_site(1, 32 * MIB)->saved_ns, SEC);
    history_copied(2 * SEC);
    fake.map_fails = 1;
    fixture_write(20);
    fixture_validate();
    cr_expect(strstr(fixture_json, "\"time_ns\": []"));
    cr_expect(strstr(fixture_json, "\"curve\": {\"knee\": null, \"points\": []}"));
}
