/* Advice from the figures of a report: see advice.h.  No lock. */
#include "advice.h"

#include <stdio.h>
#include <string.h>

#include "cost.h"

static const uint64_t LEAST_GAIN_NS = 50000000;
static const uint64_t MIB = 1 << 20;

static int is_worth_it(const struct report *report, uint64_t gain_ns)
{
    return gain_ns >= LEAST_GAIN_NS || (gain_ns && gain_ns >= report->duration_ns / 100);
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t to_mib(uint64_t bytes)
{
    return bytes > UINT64_MAX - MIB ? bytes / MIB * MIB : (bytes + MIB - 1) / MIB * MIB;
}

/* What a site's blocks would have locked beyond what they did.  What was evicted made room for others: a peak of its
 * own does not say that both would have fitted. */
static uint64_t missing_bytes(const struct report_site *site)
{
    return less(site->bytes_live_peak, site->evictions ? site->pinned_bytes : site->pinned_bytes_peak);
}

static uint64_t missing_blocks(const struct report_site *site)
{
    return site->blocks_live_peak ? site->blocks_live_peak : 1;
}

/* What unpinned copies or faults cost, less the pins that would have prevented it. */
static uint64_t refused_gain(const struct report_site *site)
{
    return less(site->lost_ns, cost_pin_ns(missing_bytes(site)));
}

/* One limit that several sites ran into. */
static int find_limit(const struct report *report, enum advice_kind kind, enum reason reason, struct advice *out)
{
    uint64_t bytes = 0, blocks = 0;
    memset(out, 0, sizeof *out);
    out->kind = kind;
    for (unsigned i = 0; i < report->n_kept; i++) {
        const struct report_site *site = &report->sites[i];
        if (!site->refused[reason])
            continue;
        out->gain_ns += refused_gain(site);
        bytes += missing_bytes(site);
        blocks += missing_blocks(site);
    }
    if (kind == ADVICE_MAX_REGIONS) {
        out->value = report->pinned.peak_regions + blocks;
    } else {
        /* The cap may have been short of one block only, with the rest of it not used up. */
        const uint64_t want = report->pinned.peak_bytes + bytes, cap = report->pinned.cap_bytes;
        out->value = to_mib(kind == ADVICE_MAX_PINNED && want <= cap ? cap + bytes : want);
    }
    return is_worth_it(report, out->gain_ns);
}

/* Not for want of a decision: something else stood in the way, and the advice about that comes first.  That a block is
 * sparse does not stand in the way of promote = always. */
static int is_blocked(const struct report_site *site)
{
    for (int reason = 0; reason < REASON_COUNT; reason++)
        if (site->refused[reason] && reason != REASON_NOT_YET && reason != REASON_SPARSE &&
            reason_refuses((enum reason)reason))
            return 1;
    return site->pin_failures != 0;
}

static int decide_site(const struct report_site *site, struct advice *out)
{
    const enum promote_mode mode = site->site->promote.mode;
    if (site->refused[REASON_SITE_CAP] && site->site->rule_name) {
        out->kind = ADVICE_SITE_CAP;
        out->gain_ns = refused_gain(site);
        out->value = to_mib(site->site->max_pinned + missing_bytes(site));
        return 1;
    }
    if (site->pins && site->saved_ns < site->pin_ns && mode != PROMOTE_NEVER) {
        out->kind = ADVICE_NEVER;
        out->gain_ns = site->pin_ns - site->saved_ns;
        return 1;
    }
    out->kind = ADVICE_ALWAYS;
    out->gain_ns = site->pins ? site->lost_ns : refused_gain(site);
    return mode != PROMOTE_ALWAYS && mode != PROMOTE_NEVER && !is_blocked(site);
}

void advice_pattern(char *out, size_t cap, const char *text)
{
    static const char as_it_is[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+:,<>()&~@$/";
    size_t at = 0;
    for (; *text && at + 2 < cap; text++)
        out[at++] = *text && strchr(as_it_is, *text) ? *text : '?';
    if (*text)
        out[at++] = '*';
    out[at] = 0;
}

/* Where everybody's allocations pass through: naming these would catch all sites. */
static int is_allocator(const char *module)
{
    static const char *const prefixes[] = {"libc.so", "libc-", "libstdc++", "libc++", "ld-linux", "libautopin"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(module, prefixes[i], strlen(prefixes[i])) == 0)
            return 1;
    return module[0] == 0;
}

/* A heading people can talk about: what the section matches, and its size class. */
static void name_section(struct advice *out)
{
    const char *from = out->function[0] ? out->function : out->module;
    const unsigned size_log2 = out->site->site->size_log2;
    char base[32];
    size_t at = 0;
    for (; *from && at + 1 < sizeof base; from++) {
        const char lower = (char)(*from | 32);
        if ((lower >= 'a' && lower <= 'z') || (*from >= '0' && *from <= '9') || *from == '.' || *from == '_')
            base[at++] = *from;
        else if (at && base[at - 1] != '-')
            base[at++] = '-';
    }
    base[at] = 0;
    snprintf(out->name, sizeof out->name, "%s-%u%c", base[0] ? base : "site", 1u << size_log2 % 10,
             "BKMGTPE"[size_log2 / 10]);
}

/* The innermost frame that says something; 0 when none does. */
static int find_pattern(const struct report *report, struct advice *out)
{
    const struct site *site = out->site->site;
    for (unsigned i = 0; i < site->n_frames; i++) {
        const char *module = report_module(&site->frame[i]);
        char function[512];
        uint64_t offset;
        if (is_allocator(module))
            continue;
        if (out->module[0] == 0)
            advice_pattern(out->module, sizeof out->module, module);
        if (report_function(report, &site->frame[i], function, sizeof function, &offset))
            continue;
        advice_pattern(out->module, sizeof out->module, module);
        advice_pattern(out->function, sizeof out->function, function);
        return 1;
    }
    return out->module[0] != 0;
}

int advice_section(const struct report *report, struct advice *out)
{
    out->module[0] = out->function[0] = 0;
    if (!find_pattern(report, out))
        return 0;
    name_section(out);
    return 1;
}

/* The piece of advice whose section would catch the same sites. */
static struct advice *find_same(struct advice *advice, unsigned n, const struct advice *like)
{
    for (unsigned i = 0; i < n; i++)
        if (advice[i].name[0] && strcmp(advice[i].module, like->module) == 0 &&
            strcmp(advice[i].function, like->function) == 0 &&
            advice[i].site->site->size_log2 == like->site->site->size_log2)
            return &advice[i];
    return NULL;
}

/* What pins of other sites have earned that the same section would end. */
static uint64_t earned_beside(const struct report *report, const struct advice *never)
{
    uint64_t earned_ns = 0;
    for (unsigned i = 0; i < report->n_kept; i++) {
        struct advice other = {.site = &report->sites[i]};
        if (other.site != never->site && !other.site->site->rule_name &&
            other.site->site->size_log2 == never->site->site->size_log2 && find_pattern(report, &other) &&
            strcmp(other.module, never->module) == 0 && strcmp(other.function, never->function) == 0)
            earned_ns += less(other.site->saved_ns, other.site->pin_ns);
    }
    return earned_ns;
}

/* Returns 1 when out holds a new piece of advice; sites that one section would catch share it. */
static int advise_site(const struct report *report, const struct report_site *site, struct advice *all, unsigned n)
{
    struct advice *out = &all[n];
    memset(out, 0, sizeof *out);
    out->site = site;
    if (!decide_site(site, out) || !is_worth_it(report, out->gain_ns))
        return 0;
    if (site->site->rule_name)
        return 1;
    if (!find_pattern(report, out))
        return 0;
    if (out->kind == ADVICE_NEVER) {
        out->gain_ns = less(out->gain_ns, earned_beside(report, out));
        if (!is_worth_it(report, out->gain_ns))
            return 0;
    }
    struct advice *same = find_same(all, n, out);
    if (same && same->kind == out->kind)
        same->gain_ns += out->gain_ns;
    if (!same)
        name_section(out);
    return !same;
}

/* By insertion: there are few.  Then numbers make the names of sections unique. */
static void sort_sites(struct advice *sites, unsigned n)
{
    unsigned n_sections = 0;
    for (unsigned i = 1; i < n; i++) {
        const struct advice moving = sites[i];
        unsigned at = i;
        for (; at && sites[at - 1].gain_ns < moving.gain_ns; at--)
            sites[at] = sites[at - 1];
        sites[at] = moving;
    }
    for (unsigned i = 0; i < n; i++) {
        const size_t len = strlen(sites[i].name);
        if (len)
            snprintf(sites[i].name + len, sizeof sites[i].name - len, "-%u", ++n_sections);
    }
}

unsigned advice_find(const struct report *report, struct advice out[ADVICE_MOST])
{
    unsigned n = 0;
    n += (unsigned)find_limit(report, ADVICE_MAX_PINNED, REASON_CAP, &out[n]);
    n += (unsigned)find_limit(report, ADVICE_MAX_REGIONS, REASON_REGIONS, &out[n]);
    n += (unsigned)find_limit(report, ADVICE_MEMLOCK, REASON_MEMLOCK, &out[n]);
    const unsigned n_limits = n;
    for (unsigned i = 0; i < report->n_kept && n < ADVICE_MOST; i++)
        n += (unsigned)advise_site(report, &report->sites[i], out, n);
    sort_sites(out + n_limits, n - n_limits);
    return n;
}
