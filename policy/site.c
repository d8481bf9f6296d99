/* The two tables of sites: raw call stack → site, and key → site.  See site.h.  Lock: RANK_SITES; matching of rules and
 * copying of names happen outside it. */
#include "site.h"

#include <string.h>

#include "lock.h"
#include "record.h"
#include "rules.h"
#include "table.h"
#include "tally.h"

struct by_stack {
    uint64_t hash;
    struct site *site;
    UT_hash_handle hh;
};

struct by_key {
    uint64_t key;
    struct site *site;
    UT_hash_handle hh;
};

static struct lock sites_lock = LOCK_OF(RANK_SITES);
static struct by_stack *stacks;
static struct by_key *keys;
static struct site *_Atomic all_sites;
static unsigned n_sites;
static const struct options *options_in_force;

static void site_configure(struct site *site, const struct site_rule *rule);

void sites_start(const struct options *options)
{
    options_in_force = options;
    record.catch_all.next = NULL;
    record.catch_all.frame[0].module = "";
    site_configure(&record.catch_all, NULL);
    atomic_store(&all_sites, &record.catch_all);
}

const struct options *sites_options(void)
{
    return options_in_force;
}

unsigned site_size_log2(size_t bytes)
{
    return bytes < 2 ? 0 : 63u - (unsigned)__builtin_clzll(bytes);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
    return hash ^ (hash >> 29);
}

uint64_t site_key(const struct frame *frames, unsigned n_frames, size_t bytes)
{
    uint64_t hash = mix(0x6175746f70696eull, site_size_log2(bytes));
    for (unsigned i = 0; i < n_frames; i++)
        hash = mix(mix(hash, frames[i].module_id), frames[i].offset);
    return hash;
}

struct site *site_find(uint64_t stack_hash)
{
    struct by_stack *entry = NULL;
    lock_take(&sites_lock);
    HASH_FIND(hh, stacks, &stack_hash, sizeof stack_hash, entry);
    lock_drop(&sites_lock);
    return entry ? entry->site : NULL;
}

/* Puts the settings in force for a site where they can be read without looking at rules again. */
static void site_configure(struct site *site, const struct site_rule *rule)
{
    const struct options *options = options_in_force;
    site->rule_name = rule ? record_string(rule->name) : NULL;
    site->promote = rule ? rule->promote : options->promote;
    site->async = rule ? rule->async : options->async;
    site->pin_wait = rule ? rule->pin_wait : options->pin_wait;
    site->max_pinned = rule && (rule->set & (1ull << OPTION_max_pinned)) ? rule->max_pinned : UINT64_MAX;
    site->priority = rule ? rule->priority : 0;
}

static const struct site_rule *match(const struct frame *frames, const char *const *names, unsigned n_frames,
                                     size_t bytes)
{
    struct rule_subject subject = {.bytes = bytes, .n_frames = n_frames};
    if (options_in_force->n_rules == 0)
        return NULL;
    for (unsigned i = 0; i < n_frames; i++) {
        const char *slash = strrchr(frames[i].module, '/');
        subject.frame[i].module = slash ? slash + 1 : frames[i].module;
        subject.frame[i].function = names ? names[i] : NULL;
    }
    return rules_match(options_in_force, &subject);
}

static struct site *site_new(uint64_t key, const struct frame *frames, const char *const *names, unsigned n_frames,
                             size_t bytes)
{
    struct site *site = record_get(RECORD_NOTHING, 0, sizeof *site);
    if (!site)
        return NULL;
    site->key = key;
    site->n_frames = n_frames;
    site->size_log2 = site_size_log2(bytes);
    for (unsigned i = 0; i < n_frames; i++) {
        site->frame[i] = frames[i];
        site->frame[i].module = record_string(frames[i].module);
    }
    site_configure(site, match(frames, names, n_frames, bytes));
    return site;
}

/* Enters a new site under its key, or returns the one that was entered meanwhile.  Lock: sites_lock. */
static struct site *key_enter(uint64_t key, struct site *fresh)
{
    int table_failed = 0;
    struct by_key *entry = NULL;
    HASH_FIND(hh, keys, &key, sizeof key, entry);
    if (entry || !fresh)
        return entry ? entry->site : NULL;
    entry = mem_get(sizeof *entry);
    if (!entry)
        return NULL;
    entry->key = key;
    entry->site = fresh;
    HASH_ADD(hh, keys, key, sizeof key, entry);
    if (table_failed) {
        mem_put(entry, sizeof *entry);
        return NULL;
    }
    tally_number(fresh, ++n_sites);
    record_ready(fresh, RECORD_SITE);
    fresh->next = atomic_load(&all_sites);
    atomic_store(&all_sites, fresh);
    return fresh;
}

/* Lock: sites_lock. */
static void stack_enter(uint64_t hash, struct site *site)
{
    int table_failed = 0;
    struct by_stack *entry = NULL;
    HASH_FIND(hh, stacks, &hash, sizeof hash, entry);
    if (entry || !(entry = mem_get(sizeof *entry)))
        return;
    entry->hash = hash;
    entry->site = site;
    HASH_ADD(hh, stacks, hash, sizeof hash, entry);
    if (table_failed)
        mem_put(entry, sizeof *entry);
}

struct site *site_add(uint64_t stack_hash, const struct frame *frames, const char *const *names, unsigned n_frames,
                      size_t bytes)
{
    if (n_frames > SITE_FRAMES)
        n_frames = SITE_FRAMES;
    const uint64_t key = site_key(frames, n_frames, bytes);
    lock_take(&sites_lock);
    struct site *site = key_enter(key, NULL);
    lock_drop(&sites_lock);
    struct site *fresh = site ? NULL : site_new(key, frames, names, n_frames, bytes);
    lock_take(&sites_lock);
    if (!site)
        site = key_enter(key, fresh);
    if (site)
        stack_enter(stack_hash, site);
    lock_drop(&sites_lock);
    return site ? site : &record.catch_all;
}

struct site *sites_first(void)
{
    return atomic_load(&all_sites);
}

void sites_restore(struct site *first)
{
    atomic_store(&all_sites, first);
}

void level_add(_Atomic uint64_t *level, _Atomic uint64_t *peak, uint64_t value)
{
    peak_raise(peak, count_next(level, value));
}

void sites_forget(void)
{
    const size_t counters = offsetof(struct site, recycled);
    for (struct site *site = sites_first(); site; site = site->next) {
        memset((char *)site + counters, 0, sizeof *site - counters);
        tally_forget(site);
    }
}

void sites_fork_take(void)
{
    lock_take(&sites_lock);
}

void sites_fork_drop(void)
{
    lock_drop(&sites_lock);
}
