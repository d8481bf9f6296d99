/* Shares and their sums.  See tally.h.  Counters wrap: a block that one thread allocates and another frees makes the
 * one's share grow and the other's fall below zero. */
#include "tally.h"

#include <string.h>

#include "prim.h"
#include "record.h"

enum {
    TELL_AT = 8
};

void tally_number(struct site *site, unsigned number)
{
    site->index = number;
    site->group = number < TALLY_SITES ? (uint16_t)(number / TALLY_GROUP) : TALLY_GROUPS;
    site->within = number % TALLY_GROUP;
}

/* NULL: it has counted nothing. */
static struct share *share_of(const struct tally *tally, const struct site *site)
{
    struct share *group = atomic_load_explicit(&tally->group[site->group], memory_order_acquire);
    return group ? &group[site->within] : NULL;
}

/* The calling thread's.  NULL: there is no memory for it. */
static __attribute__((noinline)) struct share *share_make(struct tally *tally, const struct site *site)
{
    if (site->group == TALLY_GROUPS)
        return NULL;
    struct share *group = record_get(RECORD_SHARES, site->group, TALLY_GROUP * sizeof *group);
    atomic_store_explicit(&tally->group[site->group], group, memory_order_release);
    return group ? &group[site->within] : NULL;
}

/* Inlined: a call costs as much as what is done here. */
static inline __attribute__((always_inline)) struct share *own_share(const struct site *site)
{
    struct tally *tally = prim_tally();
    struct share *share = tally ? share_of(tally, site) : NULL;
    return share || !tally ? share : share_make(tally, site);
}

/* So many more live (fewer: it wraps), and in between so many more did. */
static void tell(struct site *site, uint64_t blocks, uint64_t bytes, uint64_t top_blocks, uint64_t top_bytes)
{
    peak_raise(&site->peak_blocks, count_next(&site->level_blocks, blocks) - blocks + top_blocks);
    peak_raise(&site->peak_bytes, count_next(&site->level_bytes, bytes) - bytes + top_bytes);
}

/* What lives, beyond what the site has been told. */
static int64_t untold(const _Atomic uint64_t *come, const _Atomic uint64_t *gone, const _Atomic uint64_t *told)
{
    return (int64_t)(count_get(come) - count_get(gone) - count_get(told));
}

static int64_t untold_blocks(const struct share *share)
{
    return untold(&share->blocks, &share->blocks_gone, &share->told_blocks);
}

static int64_t untold_bytes(const struct share *share)
{
    return untold(&share->bytes, &share->bytes_gone, &share->told_bytes);
}

static uint64_t larger(int64_t one, uint64_t other)
{
    return one > (int64_t)other ? (uint64_t)one : other;
}

/* To the calling thread's own share. */
static void add(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, count_get(counter) + value, memory_order_relaxed);
}

static void put(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

static void raise_to(_Atomic uint64_t *top, int64_t value)
{
    if (value > (int64_t)count_get(top))
        put(top, (uint64_t)value);
}

/* A peak is what there was before something went.  Returns how many blocks live, beyond what the site has been told. */
static inline int64_t note_top(struct share *share)
{
    const int64_t blocks = untold_blocks(share);
    raise_to(&share->top_blocks, blocks);
    raise_to(&share->top_bytes, untold_bytes(share));
    return blocks;
}

static __attribute__((noinline)) void tell_all(struct site *site, struct share *share)
{
    const uint64_t blocks = (uint64_t)untold_blocks(share), bytes = (uint64_t)untold_bytes(share);
    note_top(share);
    tell(site, blocks, bytes, count_get(&share->top_blocks), count_get(&share->top_bytes));
    add(&share->told_blocks, blocks);
    add(&share->told_bytes, bytes);
    put(&share->top_blocks, 0);
    put(&share->top_bytes, 0);
}

static inline void come(struct site *site, uint64_t blocks, uint64_t bytes)
{
    struct share *share = own_share(site);
    if (!share) {
        count_add(&site->rest.blocks, blocks);
        count_add(&site->rest.bytes, bytes);
        tell(site, blocks, bytes, blocks, bytes);
        return;
    }
    add(&share->bytes, bytes); /* first: what is killed in between has served no block less than it says */
    add(&share->blocks, blocks);
    if (untold_blocks(share) >= TELL_AT)
        tell_all(site, share);
}

static inline void go(struct site *site, uint64_t blocks, uint64_t bytes)
{
    struct share *share = own_share(site);
    if (!share) {
        count_add(&site->rest.blocks_gone, blocks);
        count_add(&site->rest.bytes_gone, bytes);
        tell(site, -blocks, -bytes, 0, 0);
        return;
    }
    const int64_t left = note_top(share) - (int64_t)blocks;
    add(&share->blocks_gone, blocks);
    add(&share->bytes_gone, bytes);
    if (left <= -TELL_AT)
        tell_all(site, share);
}

void tally_born(struct site *site, size_t bytes)
{
    come(site, 1, bytes);
    peak_raise(&site->bytes_max, bytes);
    uint64_t least = count_get(&site->bytes_min);
    while ((least == 0 || bytes < least) && !atomic_compare_exchange_weak(&site->bytes_min, &least, bytes))
        ;
}

void tally_gone(struct site *site, size_t bytes)
{
    go(site, 1, bytes);
}

void tally_resized(struct site *site, size_t from, size_t to)
{
    if (to > from)
        come(site, 0, to - from);
    else
        go(site, 0, from - to);
}

/* --- sums -----------------------------------------------------------------------------------------------------------
 */

struct sums {
    uint64_t blocks, bytes, blocks_gone, bytes_gone, top_blocks, top_bytes;
};

static void sum_add(struct sums *sums, const struct share *share)
{
    sums->blocks += count_get(&share->blocks);
    sums->bytes += count_get(&share->bytes);
    sums->blocks_gone += count_get(&share->blocks_gone);
    sums->bytes_gone += count_get(&share->bytes_gone);
    sums->top_blocks += larger(untold_blocks(share), count_get(&share->top_blocks));
    sums->top_bytes += larger(untold_bytes(share), count_get(&share->top_bytes));
}

static struct sums sum(const struct site *site)
{
    struct sums sums = {.blocks = count_get(&site->rest.blocks), .bytes = count_get(&site->rest.bytes)};
    struct tally *tally;
    sums.blocks_gone = count_get(&site->rest.blocks_gone);
    sums.bytes_gone = count_get(&site->rest.bytes_gone);
    sums.top_blocks = count_get(&site->rest.top_blocks); /* tally_restore() */
    sums.top_bytes = count_get(&site->rest.top_bytes);
    for (unsigned i = 0; site->group < TALLY_GROUPS && (tally = prim_tally_at(i)); i++) {
        const struct share *share = share_of(tally, site);
        if (share)
            sum_add(&sums, share);
    }
    return sums;
}

int tally_has_served(const struct site *site, uint64_t blocks)
{
    const struct tally *tally = prim_tally();
    const struct share *own = tally ? share_of(tally, site) : NULL;
    return (own && count_get(&own->blocks) >= blocks) || sum(site).blocks >= blocks;
}

uint64_t site_blocks(const struct site *site)
{
    return sum(site).blocks;
}

uint64_t site_bytes(const struct site *site)
{
    return sum(site).bytes;
}

uint64_t site_blocks_gone(const struct site *site)
{
    return sum(site).blocks_gone;
}

uint64_t site_blocks_live(const struct site *site)
{
    const struct sums sums = sum(site);
    return sums.blocks - sums.blocks_gone;
}

uint64_t site_bytes_live(const struct site *site)
{
    const struct sums sums = sum(site);
    return sums.bytes - sums.bytes_gone;
}

static uint64_t peak(const _Atomic uint64_t *known, const _Atomic uint64_t *level, uint64_t top)
{
    const uint64_t told = count_get(known), now = count_get(level) + top;
    return (int64_t)now > (int64_t)told ? now : told;
}

uint64_t site_blocks_live_peak(const struct site *site)
{
    return peak(&site->peak_blocks, &site->level_blocks, sum(site).top_blocks);
}

uint64_t site_bytes_live_peak(const struct site *site)
{
    return peak(&site->peak_bytes, &site->level_bytes, sum(site).top_bytes);
}

void tally_forget(struct site *site)
{
    struct tally *tally;
    for (unsigned i = 0; site->group < TALLY_GROUPS && (tally = prim_tally_at(i)); i++) {
        struct share *share = share_of(tally, site);
        if (share)
            memset(share, 0, sizeof *share);
    }
    memset(&site->rest, 0, sizeof site->rest);
    put(&site->level_blocks, 0);
    put(&site->level_bytes, 0);
    put(&site->peak_blocks, 0);
    put(&site->peak_bytes, 0);
}

void tally_inherit(struct site *site, size_t bytes)
{
    add(&site->rest.blocks_gone, (uint64_t)-1); /* the difference is what lives, though nothing came */
    add(&site->rest.bytes_gone, -(uint64_t)bytes);
    tell(site, 1, bytes, 1, bytes);
}

void tally_restore(struct site *site, const struct share *share)
{
    struct sums sums = {0};
    sum_add(&sums, share);
    add(&site->rest.blocks, sums.blocks);
    add(&site->rest.bytes, sums.bytes);
    add(&site->rest.blocks_gone, sums.blocks_gone);
    add(&site->rest.bytes_gone, sums.bytes_gone);
    add(&site->rest.top_blocks, sums.top_blocks);
    add(&site->rest.top_bytes, sums.top_bytes);
}
