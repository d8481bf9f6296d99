/* Tests of policy/report*.c and reason.c: structure and figures, not wording.  Run from the root of the
 * sources. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ledger.h"
#include "policy/record.h"
#include "tests/unit/fake_prim.h"
#include "tests/unit/report_fixture.h"

typedef unsigned long long ull;

static unsigned occurrences(const char *text, const char *part)
{
    unsigned n = 0;
    for (; (text = strstr(text, part)); text++)
        n++;
    return n;
}

Test(report, nothing_to_say, .init = fixture_start)
{
    fixture_site(1, 32 * MIB);
    cr_expect_eq(report_has_something(), 0);
    count_add(&record.totals.foreign[DIR_D2H].copies, 1);
    cr_expect_eq(report_has_something(), 1);
}

Test(report, a_thwarted_pin_is_something, .init = fixture_start)
{
    struct site *site = fixture_refused(1, REASON_NOT_YET, 1);
    cr_expect_eq(report_has_something(), 0);
    count_add(&site->refused[REASON_MEMLOCK], 1);
    cr_expect_eq(report_has_something(), 1);
}

Test(report, zero_sites, .init = fixture_start)
{
    fixture_process = (struct report_process){.program = "./train",
                                              .pid = 4711,
                                              .cause = "exit",
                                              .now_ns = 11 * SEC,
                                              .vm_lck_bytes = UINT64_MAX,
                                              .backend = "none"};
    fixture_write(20);
    fixture_validate();
    fixture_read_again();
    cr_expect(strstr(fixture_json, "\"vm_lck_bytes\": null"));
    cr_expect_eq(fixture_number("process/duration_ns"), 10 * SEC);
    cr_expect_eq(occurrences(fixture_text, "autopin: "), 1);
    fixture_expect_line("autopin: ./train (pid 4711) ended by exit after 10.0 s; backend none", "");
    cr_expect_eq(occurrences(fixture_text, "pinning.conf:"), 0, "there is nothing to advise");
    cr_expect(strstr(fixture_json, "\"pinning_conf\": \"\""));
}

static void fill_counters(void)
{
    struct site *site = fixture_site(1, 32 * MIB);
    struct copy_count *counts[] = {&site->count[DIR_H2D][WAY_PLAIN],
                                   &site->count[DIR_H2D][WAY_DIRECT],
                                   &record.totals.count[DIR_H2D][WAY_PLAIN],
                                   &record.totals.count[DIR_H2D][WAY_DIRECT],
                                   &record.totals.count[DIR_H2D][WAY_SNAPSHOT],
                                   &record.totals.foreign[DIR_H2D]};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        count_add(&counts[i]->copies, 11 + i);
        count_add(&counts[i]->bytes, (100 + 7 * i) * MIB);
        count_add(&counts[i]->ns, (3 + i) * 12345678);
    }
    count_add(&site->pins, 4);
    count_add(&site->pin_ns, 31 * MS);
    count_add(&site->pin_bytes_total, 132 * MIB);
    count_add(&site->saved_ns, 2750 * MS);
    count_add(&site->lost_ns, 41 * MS);
    count_add(&site->refused[REASON_NOT_YET], 17);
    atomic_store(&site->why, REASON_PAID);
    count_add(&record.totals.waits, 9);
    count_add(&record.totals.wait_ns, 777777);
    count_add(&record.totals.splits, 5);
    count_add(&record.totals.faults_avoided, 8192);
    ledger_reserve(33 * MIB, 2);
    ledger_release(32 * MIB, 1);
}

/* One row of copies: the text shows what stands in the JSON. */
static void expect_row(const char *place, const char *way)
{
    char path[96], row[256];
    ull value[4];
    static const char *const keys[] = {"copies", "bytes", "ns", "bytes_per_second"};
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/copies/host_to_device/%s/%s", place, way, keys[i]);
        value[i] = fixture_number(path);
    }
    cr_expect_gt(value[0], 0);
    cr_expect_eq(value[3], (ull)((double)value[1] * 1e9 / (double)value[2]), "%s %s", place, way);
    snprintf(row, sizeof row, "%-9s %11llu copies %11s %11s %11s", way, value[0], quantity_bytes(value[1]).text,
             quantity_time(value[2]).text, quantity_rate(value[1], value[2]).text);
    fixture_expect_line("    host to device", row);
}

Test(report, text_and_json_show_the_same_numbers, .init = fixture_start)
{
    char part[200];
    fill_counters();
    fixture_process.vm_lck_bytes = 3 * MIB;
    fixture_write(20);
    fixture_validate();
    fixture_read_again();
    cr_expect_eq(fixture_number("totals/copies/host_to_device/plain/bytes"), 114 * MIB);
    cr_expect_eq(fixture_number("sites/copies/host_to_device/direct/ns"), 4 * 12345678);
    expect_row("totals", "plain");
    expect_row("totals", "direct");
    expect_row("totals", "snapshot");
    expect_row("totals", "foreign");
    expect_row("sites", "plain");
    expect_row("sites", "direct");
    snprintf(part, sizeof part, "peak %s of cap %s", quantity_bytes(fixture_number("pinned/peak_bytes")).text,
             quantity_bytes(fixture_number("pinned/cap_bytes")).text);
    fixture_expect_line("  pinned", part);
    cr_expect_eq(fixture_number("pinned/peak_bytes"), 33 * MIB);
    cr_expect_eq(fixture_number("pinned/bytes"), MIB);
    fixture_expect_line("  pinned", "VmLck 3.00 MiB");
    snprintf(part, sizeof part, "%llu in %s, %s in all", fixture_number("pins/pins"),
             quantity_time(fixture_number("pins/pin_ns")).text,
             quantity_bytes(fixture_number("pins/pin_bytes_total")).text);
    fixture_expect_line("  pins", part);
    snprintf(part, sizeof part, ": %s; %s lost", quantity_time(fixture_number("gain/net_ns")).text,
             quantity_time(fixture_number("gain/lost_ns")).text);
    fixture_expect_line("  gain", part);
    cr_expect_eq(fixture_number("gain/net_ns"), 2719 * MS);
    snprintf(part, sizeof part, "%llu in %s,", fixture_number("totals/waits"),
             quantity_time(fixture_number("totals/wait_ns")).text);
    fixture_expect_line("  waits", part);
    fixture_expect_line("  refused", "17 x ");
    fixture_expect_line("    refused", "17 x ");
    cr_expect_eq(fixture_number("sites/refused/not_yet"), 17);
    fixture_expect_line("             8192 page faults ", "");
    fixture_expect_line("    decision pin: ", reason_text(REASON_PAID));
    for (const char *line = fixture_text; *line; line += strcspn(line, "\n") + 1)
        cr_expect_leq(strcspn(line, "\n"), 100, "%.*s", (int)strcspn(line, "\n"), line);
}

Test(report, odd_strings, .init = fixture_start)
{
    static char name[4097];
    static const char odd[] = "a\"b\\c\n\x1b[31m\x7f\xff\xc3\xa9\xe2\x82\xed\xa0\x80\xf4\x90\x80\x80\xc0\x80";
    memset(name, 'x', sizeof name - 1);
    fixture_symbol = name;
    fixture_process.program = fixture_process.command_line = fixture_process.config_file = odd;
    fixture_process.notes[0] = odd;
    fixture_process.n_notes = 1;
    fixture_refused(1, REASON_NOT_YET, SEC);
    fixture_write(20);
    fixture_validate();
    cr_expect(strstr(fixture_json, "\"program\": \"a\\\"b\\\\c\\n\\u001b[31m\\u007f\\ufffd\xc3\xa9\\ufffd"));
    for (const char *at = fixture_text; *at; at++)
        cr_assert((unsigned char)*at >= ' ' || *at == '\n', "control byte %d", *at);
    cr_expect(strstr(fixture_text, "autopin: a\"b\\c??[31m??\xc3\xa9??"), "%.200s", fixture_text);
    const char *frame = strstr(fixture_text, "  site "), *cut = frame ? strstr(frame, "xx") : NULL;
    cr_assert(cut);
    cr_expect_eq(strspn(cut, "x"), 47, "a name is cut to 50 bytes");
    cr_expect_eq(strncmp(cut + 47, "...+0x", 6), 0);
    fixture_symbol = "quote\"d\xff(char const*)";
    fixture_write(20);
    fixture_validate();
    fixture_process.program = fixture_process.command_line = fixture_process.config_file =
        "a\"b\\c\n\x1b[31m\x7f\xc3\xa9";
    fixture_process.notes[0] = fixture_process.program;
    fixture_symbol = "quote\"d\n(char const*)";
    fixture_write(20);
    fixture_read_again(); /* what is UTF-8 comes back as it was */
}

Test(report, many_sites, .init = fixture_start)
{
    for (unsigned i = 0; i < 3000; i++) {
        struct site *site = fixture_site(i, 2 * MIB);
        count_add(i % 3 == 0 ? &site->lost_ns : i % 3 == 1 ? &site->saved_ns : &site->pin_ns, 1 + i * 7919 % 3000);
    }
    fixture_write(20);
    fixture_validate();
    fixture_read_again();
    cr_expect_eq(fixture_number("n_sites"), 3000);
    cr_expect_eq(occurrences(fixture_json, "\"decision\""), 20);
    cr_expect_eq(occurrences(fixture_text, "\n  site "), 20);
    const char *at = strstr(fixture_json, "\"sites\"");
    for (ull i = 0; i < 20; i++) { /* what counts is the largest of the three, and 7919 is coprime to 3000 */
        const char *saved = strstr(at, "\"saved_ns\": "), *lost = strstr(saved, "\"lost_ns\": "),
                   *pin = strstr(at, "\"pin_ns\": ");
        cr_expect_eq(strtoull(saved + 12, NULL, 10) + strtoull(lost + 11, NULL, 10) + strtoull(pin + 10, NULL, 10),
                     3000 - i);
        at = lost;
    }
    fixture_write(3000);
    fixture_validate();
    fixture_read_again();
    cr_expect_eq(occurrences(fixture_json, "\"decision\""), 3000);
}

Test(report, no_memory_for_sites, .init = fixture_start)
{
    fill_counters();
    fake.map_fails = 1;
    fixture_write(20);
    fixture_validate();
    fixture_read_again();
    cr_expect_eq(fixture_number("pins/pins"), 4);
    cr_expect_eq(fixture_number("n_sites"), 1);
    cr_expect_eq(occurrences(fixture_json, "\"decision\""), 0);
}

Test(report, frames_without_symbols, .init = fixture_start)
{
    fixture_symbol = NULL;
    fixture_site(5, 32 * MIB);
    fixture_write(20);
    fixture_validate();
    fixture_read_again();
    fixture_expect_line("  ", "libload.so.2+0x205");
    cr_expect_eq(fixture_number("stack/module_offset"), 0x105);
    cr_expect_null(strstr(fixture_json, "\"function\""));
}

Test(report, modelled_times_are_marked, .init = fixture_start)
{
    fixture_write(1);
    cr_expect_null(strstr(fixture_text, "modelled"));
    fixture_process.simulated = 1;
    fixture_write(1);
    fixture_read_again();
    fixture_expect_line("autopin: ", "modelled");
    cr_expect(strstr(fixture_json, "\"simulated\": true"));
}

Test(report, a_loss_has_its_sign, .init = fixture_start)
{
    struct site *site = fixture_site(1, 32 * MIB);
    count_add(&site->pin_ns, 3 * SEC);
    count_add(&site->saved_ns, SEC);
    fixture_write(1);
    fixture_read_again();
    fixture_expect_line("  gain", ": -2.00 s;");
    cr_expect(strstr(fixture_json, "\"net_ns\": -2000000000"));
}

Test(reason, names_and_texts)
{
    static const char *const codes[] = {
#define REASON(code, kind, text) #code,
#include "policy/reason.def"
#undef REASON
    };
    for (int i = 0; i < REASON_COUNT; i++) {
        const char *name = reason_name((enum reason)i);
        cr_expect_eq(strlen(name), strlen(codes[i]));
        for (size_t c = 0; name[c]; c++)
            cr_expect(codes[i][c] == '_' ? name[c] == '_' : name[c] == (codes[i][c] | 32), "%s", name);
        cr_expect(*reason_text((enum reason)i));
        cr_expect_eq(reason_refuses((enum reason)i), i >= REASON_NOT_YET);
    }
}
