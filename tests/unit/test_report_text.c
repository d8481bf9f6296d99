/* Tests of the text of policy/report_text.c and sink.c as people read it: number and case, blank lines, width. */
#include <criterion/criterion.h>
#include <string.h>

#include "policy/ledger.h"
#include "policy/record.h"
#include "tests/unit/report_fixture.h"

/* A report with so many of everything. */
static void write_with(unsigned n, const char *driver)
{
    struct site *site = fixture_site(1, 32 * MIB);
    for (unsigned i = 1; i < n; i++)
        fixture_site(1 + i, 32 * MIB);
    _Atomic uint64_t *const counts[] = {
        &record.totals.count[DIR_H2D][WAY_PLAIN].copies,
        &record.totals.faults_avoided,
        &record.totals.large_forwarded,
        &record.totals.app_registrations,
        &record.totals.graph_blocks,
        &record.totals.kept_blocks,
        &record.totals.context_losses,
        &record.totals.waits,
        &record.totals.splits,
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        count_add(counts[i], n);
    count_add(&site->pins, n);
    ledger_reserve(n * MIB, n);
    fixture_process.driver = driver;
    fixture_write(20);
    fixture_read_again();
}

Test(report_text, one_is_not_many, .init = fixture_start)
{
    write_with(1, "");
    fixture_expect_line("    host to device  plain               1 copy  ", "");
    fixture_expect_line("  pinned", "now 1.00 MiB in 1 region;");
    fixture_expect_line("  waits", "1 copy split");
    fixture_expect_line("             1 page fault avoided", "");
    fixture_expect_line("             1 large block left", "");
    fixture_expect_line("             1 registration by", "");
    fixture_expect_line("             1 block set", "");
    fixture_expect_line("             1 context ended", "");
    fixture_expect_line("  call sites 1 that allocates large blocks", "");
}

Test(report_text, two_are_many, .init = fixture_start)
{
    write_with(2, "");
    fixture_expect_line("    host to device  plain               2 copies", "");
    fixture_expect_line("  pinned", "now 2.00 MiB in 2 regions;");
    fixture_expect_line("  waits", "2 copies split");
    fixture_expect_line("             2 page faults avoided", "");
    fixture_expect_line("             2 contexts ended", "");
    fixture_expect_line("  call sites 2 that allocate large blocks, the most important first", "");
}

Test(report_text, memory_ran_short, .init = fixture_start)
{
    write_with(1, "");
    cr_expect(!strstr(fixture_text, "ran short"));
    ledger_set_cap_now(12 * MIB);
    ledger_set_cap_now(20 * MIB);
    count_add(&record.totals.lowered_min_free, 2);
    count_add(&record.totals.lowered_pressure, 1);
    count_add(&record.totals.given_back_bytes, 64 * MIB);
    fixture_write(20);
    fixture_expect_line("  short      memory ran short 3 times (2 x min_free, 1 x max_pressure):", "");
    fixture_expect_line("             the cap went down to 12.0 MiB, and is 20.0 MiB now; 64.0 MiB given back", "");
}

Test(report_text, sections_are_apart_and_lines_short, .init = fixture_start)
{
    fixture_process.simulated = 1;
    write_with(
        3, "libcuda.so.1 12.2, simulated device 0 (no GPU), and a name that goes on and on and on, for ever and ever");
    const char *at = fixture_text;
    while ((at = strstr(at, "\n  site "))) {
        cr_expect_eq(at[-1], '\n', "no blank line before%.20s", at);
        at++;
    }
    at = strstr(fixture_text, "\n  call sites");
    cr_expect(at && at[-1] == '\n');
    fixture_expect_line("  driver     libcuda.so.1 12.2, simulated device 0 (no GPU)", "");
    for (const char *line = fixture_text; *line; line += strcspn(line, "\n") + 1)
        cr_expect_leq(strcspn(line, "\n"), 100, "%.*s", (int)strcspn(line, "\n"), line);
}

Test(sink, quantities)
{
    cr_expect_str_eq(quantity_bytes(0).text, "0 B");
    cr_expect_str_eq(quantity_bytes(1023).text, "1023 B");
    cr_expect_str_eq(quantity_bytes(3 << 29).text, "1.50 GiB");
    cr_expect_str_eq(quantity_bytes(MIB - 1).text, "1.00 MiB");
    cr_expect_str_eq(quantity_bytes(UINT64_MAX).text, "16384 PiB");
    cr_expect_str_eq(quantity_time(999).text, "999 ns");
    cr_expect_str_eq(quantity_time(9996).text, "10.0 us");
    cr_expect_str_eq(quantity_time(99960).text, "100 us");
    cr_expect_str_eq(quantity_time(999500).text, "1.00 ms");
    cr_expect_str_eq(quantity_time(12345 * MS / 1000).text, "12.3 ms");
    cr_expect_str_eq(quantity_time(4000 * SEC).text, "4000 s");
    cr_expect_str_eq(quantity_rate(24 * SEC, 2 * SEC).text, "12.0 GB/s");
    cr_expect_str_eq(quantity_rate(1, 0).text, "-");
    cr_expect_str_eq(quantity_rate(UINT64_MAX, 1).text, "18446744 TB/s");
    cr_expect_str_eq(quantity_net(1, 2 * MS).text, "-2.00 ms");
}

Test(sink, counts)
{
    cr_expect_str_eq(quantity_count(0, "copy").text, "0 copies");
    cr_expect_str_eq(quantity_count(1, "copy").text, "1 copy");
    cr_expect_str_eq(quantity_count(2, "copy").text, "2 copies");
    cr_expect_str_eq(quantity_count(1, "region").text, "1 region");
    cr_expect_str_eq(quantity_count(UINT64_MAX, "page fault").text, "18446744073709551615 page faults");
}
