/* Invented sites and written reports: see report_fixture.h.  No lock: one thread. */
#include "tests/unit/report_fixture.h"
#include "policy/tally.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/ledger.h"
#include "policy/record.h"
#include "scripts/command/report_read.h"
#include "tests/unit/fake_prim.h"

enum {
    CAP = 8 << 20
};

char fixture_text[CAP], fixture_json[CAP];
const char *fixture_symbol = "load_batch", *fixture_conf = "";
struct report_process fixture_process = {.program = "./train",
                                         .command_line = "./train --epochs 3",
                                         .pid = 4711,
                                         .cause = "exit",
                                         .version = "0.1",
                                         .now_ns = 11 * SEC,
                                         .backend = "cuda",
                                         .driver = "libcuda.so.1 12.2",
                                         .config_file = "pinning.conf"};

struct fill {
    char *at;
    size_t len;
};

static void fill_put(void *ctx, const char *piece, size_t len)
{
    struct fill *fill = ctx;
    cr_assert_lt(fill->len + len, CAP);
    memcpy(fill->at + fill->len, piece, len);
    fill->len += len;
    fill->at[fill->len] = 0;
    errno = ENOSPC; /* as write() might */
}

static int symbolise(void *ctx, const struct frame *frame, char *function, size_t cap, uint64_t *offset)
{
    (void)ctx;
    if (!fixture_symbol)
        return -ENOENT;
    snprintf(function, cap, "%s", fixture_symbol);
    *offset = frame->offset & 0xfff;
    return 0;
}

void fixture_start(void)
{
    static struct options options;
    fake_reset();
    cr_assert_eq(fake_load(&options, fixture_conf, strlen(fixture_conf)), 0, "%s", fake_log());
    sites_start(&options);
    ledger_start(FIXTURE_CAP, 8);
    record.totals.start_ns = SEC;
}

struct site *fixture_site(unsigned n, uint64_t bytes)
{
    const struct frame frames[] = {{0x1000 + n, "/usr/lib/libc.so.6", 7, 0x100 + n, {0xab, 0x00, 0x01, 0xff}, 4},
                                   {0x2000 + n, "/usr/lib/libload.so.2", 8, 0x200 + n, {0xab, 0x00}, 2},
                                   {0x3000, "/usr/bin/train", 9, 0x300, {0}, 0}};
    const char *const names[] = {"malloc", fixture_symbol, fixture_symbol};
    struct site *site = site_add(1000 + n, frames, names, 3, bytes);
    tally_born(site, bytes);
    return site;
}

struct site *fixture_refused(unsigned n, enum reason reason, uint64_t lost_ns)
{
    struct site *site = fixture_site(n, 48 * MIB);
    count_add(&site->refused[reason], 3);
    atomic_store(&site->why, reason);
    count_add(&site->lost_ns, lost_ns);
    return site;
}

void fixture_write(unsigned max_sites)
{
    struct fill text = {fixture_text, 0}, json = {fixture_json, 0};
    const uint64_t mapped = fake.mapped_bytes;
    errno = EDOM;
    report_write_text(&(struct sink){fill_put, &text}, &fixture_process, symbolise, NULL, max_sites);
    cr_expect_eq(errno, EDOM, "text: errno changed");
    report_write_json(&(struct sink){fill_put, &json}, &fixture_process, symbolise, NULL, max_sites);
    cr_expect_eq(errno, EDOM, "JSON: errno changed");
    cr_expect_eq(fake.mapped_bytes, mapped, "memory of the report was kept");
}

/* The JSON in a file; `path` is a mkstemp() template. */
static void put_file(char *path)
{
    const int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, fixture_json, strlen(fixture_json)), (ssize_t)strlen(fixture_json));
    close(fd);
}

static void expect_same_lines(const char *again)
{
    const char *first = fixture_text;
    for (unsigned line = 1; *first || *again; line++) {
        const size_t one = strcspn(first, "\n"), other = strcspn(again, "\n");
        if (one != other || memcmp(first, again, one) != 0) {
            cr_expect_fail("line %u: '%.*s', and from JSON '%.*s'", line, (int)one, first, (int)other, again);
            return;
        }
        first += one + (first[one] != 0);
        again += other + (again[other] != 0);
    }
}

void fixture_read_again(void)
{
    static char again[CAP];
    static struct loaded loaded;
    struct fill text = {again, 0};
    char path[] = "/tmp/autopin-report-XXXXXX";
    put_file(path);
    cr_assert_eq(report_read(&loaded, path), 0, "%s", loaded.error);
    unlink(path);
    report_print_text(&(struct sink){fill_put, &text}, &loaded.report);
    expect_same_lines(again);
    text.len = 0;
    report_print_json(&(struct sink){fill_put, &text}, &loaded.report);
    const char *end = strstr(fixture_json, "\"sites\": ["); /* what follows them needs more than JSON holds */
    cr_assert(end);
    end = strstr(end, "[]") == end + 9 ? end + 11 : strstr(end, "\n  ]");
    cr_assert(end);
    cr_expect_eq(strncmp(fixture_json, again, (size_t)(end - fixture_json)), 0, "JSON from JSON differs");
    report_unread(&loaded);
}

void fixture_validate(void)
{
    char path[] = "/tmp/autopin-report-XXXXXX", command[300];
    put_file(path);
    for (int own = 0; own < 2; own++) {
        snprintf(command, sizeof command, "python3 tests/unit/check_json.py %s tests/data/report.schema.json %s",
                 own ? "--own" : "", path);
        cr_expect_eq(system(command), 0, "the report does not validate");
    }
    unlink(path);
}

unsigned long long fixture_number(const char *path)
{
    const char *at = fixture_json;
    for (const char *key = path; *key; key += strcspn(key, "/"), key += *key == '/') {
        char quoted[64];
        const int len = snprintf(quoted, sizeof quoted, "\"%.*s\": ", (int)strcspn(key, "/"), key);
        at = strstr(at, quoted);
        cr_assert(at, "%s is not in the JSON", path);
        at += len;
    }
    return strtoull(at, NULL, 10);
}

static int contains(const char *line, size_t len, const char *part)
{
    const char *hit = strstr(line, part);
    return hit && hit < line + len;
}

void fixture_expect_line(const char *begin, const char *part)
{
    const char *line = fixture_text;
    while (line && *line) {
        const size_t len = strcspn(line, "\n");
        if (strncmp(line, begin, strlen(begin)) == 0 && contains(line, len, part))
            return;
        line += len + (line[len] == '\n');
    }
    cr_expect_fail("no line '%s' with '%s' in\n%.3000s", begin, part, fixture_text);
}
