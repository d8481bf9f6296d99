/* The report: what autopin did for this process, as text for people and as JSON for programs.
 *
 * report.c owns the model: a copy of all counters, taken once per report, from which both writers and the advice work,
 * so that they show the same numbers.  Callers: preload/ at the end of the process, whatever ends it.  No lock, no
 * malloc; errno is preserved.  Other threads may go on counting meanwhile. */
#ifndef AUTOPIN_REPORT_H
#define AUTOPIN_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "sink.h"
#include "site.h"

enum {
    REPORT_NOTES = 8
};

struct report_member;

/* What the policy cannot know.  NULL strings count as "". */
struct report_process {
    const char *program, *command_line;
    int64_t pid;
    const char *cause;       /* "exit", "_exit", "exec", "abort", "quick_exit", ... */
    const char *version;     /* of autopin */
    uint64_t now_ns;         /* as prim_now_ns() */
    uint64_t vm_lck_bytes;   /* as the kernel counts; UINT64_MAX when unknown */
    const char *backend;     /* "cuda", "mlock", "none" */
    const char *driver;      /* "" or e.g. "libcuda.so.1 12.2" */
    const char *config_file; /* "" when there was none */
    int simulated;           /* the times are modelled, not measured */
    const char *notes[REPORT_NOTES];
    unsigned n_notes;
    const struct report_member *members; /* the processes it is about, if there are several */
    unsigned n_members;                  /* 0: it is about this process */
};

/* The name of the function that holds a frame, and how far into it the frame is.  Errors: 0, or -errno when unknown. */
typedef int (*report_symbolise)(void *ctx, const struct frame *frame, char *function, size_t cap, uint64_t *offset);

/* Writes the lines that say where in the sources a frame is, if that is known.  Only the autopin command can tell. */
typedef void (*report_locate)(const struct sink *out, const struct frame *frame);

/* Whether anything was copied, pinned, or would have been pinned if it could. */
int report_has_something(void);

/* Grows whenever something is copied, pinned, or spared its page faults. */
uint64_t report_activity(void);

/* Write the whole report, with at most max_sites sites.  symbolise may be NULL. */
void report_write_text(const struct sink *out, const struct report_process *process, report_symbolise symbolise,
                       void *ctx, unsigned max_sites);
void report_write_json(const struct sink *out, const struct report_process *process, report_symbolise symbolise,
                       void *ctx, unsigned max_sites);

/* --- the model: for report*.c and advice.c
 * ---------------------------------------------------------------------------- */

/* clang-format off */
/* Each is a field of struct site, of struct report_site, and a key of a site in JSON. */
#define REPORT_SITE_COUNTERS(X)                                                                                        \
    X(bytes_min) X(bytes_max) X(recycled) REPORT_PIN_NUMBERS(X) X(pinned_bytes) X(pinned_bytes_peak) X(saved_ns) X(lost_ns) X(paid_ns)

/* Likewise, but each is a function site_NAME(). */
#define REPORT_SITE_LEVELS(X) X(blocks) X(blocks_live) X(blocks_live_peak) X(bytes_live) X(bytes_live_peak)

/* Those of them that are the keys of "pins" in JSON, where they stand for all sites. */
#define REPORT_PIN_NUMBERS(X) X(pins) X(unpins) X(evictions) X(pin_failures) X(pin_ns) X(pin_bytes_total)

/* Sums over all sites: each is a field of struct report, and a key of "totals" in JSON. */
#define REPORT_SUM_NUMBERS(X) X(large_blocks) X(large_bytes)

/* Each is a field of struct totals, of struct report, and a key of "totals" in JSON. */
#define REPORT_TOTAL_NUMBERS(X)                                                                                        \
    X(large_forwarded) X(locked_bytes) X(locked_bytes_peak) X(staging_bytes_peak) X(prefaulted_bytes)         \
    X(app_registrations) X(graph_blocks) X(kept_blocks) X(context_losses) X(waits) X(wait_ns) X(splits)                \
    X(faults_avoided) X(lowered_min_free) X(lowered_pressure) X(given_back_bytes)

/* Each is a function ledger_NAME(), a field of struct report, and a key of "pinned" in JSON. */
#define REPORT_LEDGER_NUMBERS(X) REPORT_PROCESS_LEDGER_NUMBERS(X) REPORT_NODE_NUMBERS(X)
#define REPORT_PROCESS_LEDGER_NUMBERS(X)                                                                               \
    X(cap_bytes) X(cap_now_bytes) X(cap_least_bytes) X(cap_regions) X(peak_bytes) X(peak_regions) X(bytes) X(regions)

/* Those of them that are about all processes of the node. */
#define REPORT_NODE_NUMBERS(X) X(node_cap_bytes) X(node_bytes) X(node_peak_bytes)
/* clang-format on */

#define REPORT_FIELD(name) uint64_t name;

struct history_point;

struct report_count {
    uint64_t copies, bytes, ns;
};

/* One process of several whose reports were merged into one. */
struct report_member {
    const char *program, *cause;
    int64_t pid;
    uint64_t duration_ns;
};

struct report_site {
    const struct site *site; /* for what never changes: frames, key, rule */
    enum reason why;
    struct report_count count[DIR_COUNT][WAY_COUNT];
    uint64_t refused[REASON_COUNT];
    REPORT_SITE_COUNTERS(REPORT_FIELD)
    REPORT_SITE_LEVELS(REPORT_FIELD)
};

struct report {
    const struct report_process *process;
    report_symbolise symbolise;
    void *symbolise_ctx;
    report_locate locate; /* NULL: nobody can tell */
    uint64_t duration_ns;
    struct report_count count[DIR_COUNT][WAY_COUNT], foreign[DIR_COUNT], foreign_staged[DIR_COUNT];
    REPORT_SUM_NUMBERS(REPORT_FIELD)
    REPORT_TOTAL_NUMBERS(REPORT_FIELD)
    struct {
        REPORT_LEDGER_NUMBERS(REPORT_FIELD)
    } pinned;
    struct report_site all;    /* sums over all sites; its extremes and peaks mean nothing */
    uint64_t n_sites;          /* seen in this process */
    unsigned n_kept, n_shown;  /* in sites[]: for the advice, for the reader */
    struct report_site *sites; /* the most important first */
    const char *advice;        /* lines for pinning.conf, as a report said them; NULL: they are found anew */
    void *map;                 /* what holds sites[] */
    size_t map_bytes;
    const struct history_point *history; /* NULL: there is none, as in a report of several processes */
    unsigned n_history;
    uint64_t history_interval_ns;
};

/* Takes the numbers; report_drop() gives their memory back.  Without memory there are no sites, but all sums. */
void report_take(struct report *report, const struct report_process *process, report_symbolise symbolise, void *ctx,
                 unsigned max_sites);
void report_drop(struct report *report);

/* Write a report that is taken, or read, already. */
void report_print_text(const struct sink *out, const struct report *report);
void report_print_json(const struct sink *out, const struct report *report);

/* The function of a frame without "+offset"; 0, or -errno when unknown.  The name is never longer than cap. */
int report_function(const struct report *report, const struct frame *frame, char *function, size_t cap,
                    uint64_t *offset);

/* Writes the stack of the n-th site as text. */
void report_write_stack(const struct sink *out, const struct report *report, const struct site *site, unsigned n);

/* Names for both writers. */
const char *report_text_or_empty(const char *text);
const char *report_module(const struct frame *frame); /* without folders; "" when unknown */
extern const char *const report_ways[WAY_COUNT];
extern const char *const report_directions[DIR_COUNT]; /* keys of JSON */

#endif
