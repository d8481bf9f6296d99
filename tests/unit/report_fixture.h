/* What tests of the report share: invented sites, and reports written into memory.  Callers: test_report.c,
 * test_advice.c.  Every test runs in a process of its own (Criterion forks), so that sites and totals begin empty. */
#ifndef AUTOPIN_REPORT_FIXTURE_H
#define AUTOPIN_REPORT_FIXTURE_H

#include "policy/report.h"

#define MIB (1ull << 20)
#define SEC 1000000000ull
#define MS  1000000ull

/* The cap of fixture_start(). */
#define FIXTURE_CAP (64 * MIB)

extern struct report_process fixture_process; /* a run of 10 s */
extern const char *fixture_symbol;            /* every frame's function; NULL: none is known */
extern char fixture_text[], fixture_json[];   /* what report_write() wrote */

/* For .init of a test: no sites, the default options or those of fixture_conf, a cap. */
extern const char *fixture_conf;
void fixture_start(void);

/* A site with one live block.  Sites of different n have different stacks. */
struct site *fixture_site(unsigned n, uint64_t bytes);

/* The same with 48 MiB, refused thrice, and with something lost by it. */
struct site *fixture_refused(unsigned n, enum reason reason, uint64_t lost_ns);

/* Writes both reports; they must keep errno and memory as they were. */
void fixture_write(unsigned max_sites);

/* Checks fixture_json against the schema. */
void fixture_validate(void);

/* Reads fixture_json by the autopin command's code and writes it again: the lines must be those of fixture_text, and
 * the JSON the same. */
void fixture_read_again(void);

/* The number at a path such as "sites/copies/bytes" in fixture_json: keys in the order of the text. */
unsigned long long fixture_number(const char *path);

/* A line of fixture_text that begins and goes on like this. */
void fixture_expect_line(const char *begin, const char *part);

#endif
