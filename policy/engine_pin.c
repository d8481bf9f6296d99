/* Pinning and unpinning: the cap, eviction, failures and their back-off.  See engine.h.  No lock is held across
 * prim_pin() and prim_unpin(). */
#include <errno.h>

#include "cost.h"
#include "decide.h"
#include "engine_int.h"
#include "ledger.h"
#include "totals.h"

static const uint64_t BACKOFF_NS = 10000000; /* doubled with each failure in a row */

static uint32_t regions_of(const struct block *block)
{
    return (uint32_t)((block->pin_bytes + PIN_PIECE_BYTES - 1) / PIN_PIECE_BYTES);
}

void refuse(struct block *block, enum reason reason)
{
    struct site *site = block->site;
    count_add(&site->refused[reason], 1);
    atomic_store_explicit(&site->why, reason, memory_order_relaxed);
    if (reason == REASON_NOT_YET || reason == REASON_NEVER)
        return;
    const uint32_t failures = atomic_fetch_add_explicit(&block->failures, 1, memory_order_relaxed);
    const uint64_t wait_ns = BACKOFF_NS << (failures < 10 ? failures : 10);
    atomic_store_explicit(&block->retry_ns, prim_now_ns() + wait_ns, memory_order_relaxed);
}

/* Counts the caller as busy, once no fork is under way. */
static void enter(void)
{
    atomic_fetch_add(&engine.busy, 1);
    while (atomic_load(&engine.forking)) {
        work_end();
        prim_wait(&engine.forking, 1);
        atomic_fetch_add(&engine.busy, 1);
    }
}

int work_begin(void)
{
    if (lock_forking) /* the forking thread's own handlers: nothing is pinned or unpinned in the middle of a fork */
        return 0;
    enter();
    if (!atomic_load(&engine.stopping))
        return 1;
    work_end();
    return 0;
}

int engine_pause(void)
{
    if (atomic_load(&engine.forking)) {
        work_end();
        enter();
    }
    return !atomic_load(&engine.stopping);
}

void work_end(void)
{
    if (atomic_fetch_sub(&engine.busy, 1) == 1)
        prim_wake(&engine.busy);
}

void settle_block(struct block *block, enum block_next next, int keep)
{
    if (next == NEXT_QUARANTINE)
        rest_add(block);
    else if (next == NEXT_RELEASE)
        prim_release(block, keep);
}

static int evictable(const struct block *block)
{
    const uint32_t word = block_word(block);
    const enum block_state state = WORD_STATE(word);
    return (state == BLOCK_PINNED || state == BLOCK_QUARANTINED) && WORD_REFS(word) == 0 && (word & WORD_HELD) == 0;
}

/* The least worthy block that can go (of one site: `among`, or of all), now UNPINNING; NULL when none is worth less than
 * `candidate`. */
static struct block *victim_take(const struct block *candidate, const struct site *among)
{
    const uint64_t now = prim_now_ns();
    struct block *victim = NULL;
    lock_take(&engine.lock);
    for (struct block *block = engine.pinned; block; block = block->pin_next)
        if (evictable(block) && (!among || block->site == among) && (!victim || worth_less(block, victim, now)))
            victim = block;
    if (victim && worth_less(victim, candidate, now) && block_unpin_begin(victim))
        rest_remove(victim);
    else
        victim = NULL;
    lock_drop(&engine.lock);
    return victim;
}

int evict_for(const struct block *candidate, const struct site *among)
{
    struct block *victim = victim_take(candidate, among);
    if (!victim)
        return 0;
    unpin_block(victim, 1);
    return 1;
}

int site_reserve(struct site *site, size_t bytes)
{
    uint64_t used = count_get(&site->pinned_bytes);
    do {
        if (bytes > site->max_pinned || used > site->max_pinned - bytes)
            return 0;
    } while (!atomic_compare_exchange_weak(&site->pinned_bytes, &used, used + bytes));
    return 1;
}

/* Whether evicting everything that is worth less (of the site `among`, or of all) would make room for so many more
 * bytes and regions: nothing is evicted in vain. */
static int eviction_helps(const struct block *candidate, const struct site *among, uint64_t bytes, uint64_t regions)
{
    const uint64_t now = prim_now_ns();
    uint64_t free_bytes = 0, free_regions = 0;
    lock_take(&engine.lock);
    for (const struct block *block = engine.pinned; block; block = block->pin_next) {
        if (!evictable(block) || (among && block->site != among) || !worth_less(block, candidate, now))
            continue;
        free_bytes += block->pin_bytes;
        free_regions += regions_of(block);
    }
    lock_drop(&engine.lock);
    return free_bytes >= bytes && free_regions >= regions;
}

/* How much more is wanted than there is. */
static uint64_t missing(uint64_t cap, uint64_t used, uint64_t wanted)
{
    const uint64_t room = cap > used ? cap - used : 0;
    return wanted > room ? wanted - room : 0;
}

static enum reason reserve_cap(const struct block *block, int may_evict)
{
    for (;;) {
        const int rc = ledger_reserve(block->pin_bytes, regions_of(block));
        if (rc == 0)
            return REASON_NONE;
        const uint64_t bytes = missing(ledger_cap_bytes(), ledger_bytes(), block->pin_bytes);
        const uint64_t regions = missing(ledger_cap_regions(), ledger_regions(), regions_of(block));
        if (!may_evict || !eviction_helps(block, NULL, bytes, regions) || !evict_for(block, NULL))
            return rc == -EMFILE ? REASON_REGIONS : REASON_CAP;
    }
}

/* The same for the site's own cap. */
static enum reason reserve_site_cap(const struct block *block, int may_evict)
{
    struct site *site = block->site;
    while (!site_reserve(site, block->pin_bytes)) {
        const uint64_t bytes = missing(site->max_pinned, count_get(&site->pinned_bytes), block->pin_bytes);
        if (!may_evict || block->pin_bytes > site->max_pinned || !eviction_helps(block, site, bytes, 0) ||
            !evict_for(block, site))
            return REASON_SITE_CAP;
    }
    return REASON_NONE;
}

size_t absent_bytes(const struct block *block, size_t bytes)
{
    return bytes - prim_resident_bytes(block->base, bytes);
}

int is_sparse(const struct block *block, size_t bytes, size_t absent)
{
    return block->site->promote.mode != PROMOTE_ALWAYS && absent > bytes / 4;
}

static enum reason reserve(const struct block *block, int may_evict)
{
    struct site *site = block->site;
    const uint32_t word = block_word(block);
    if (block->pin_backend != engine_backend())
        return REASON_NOT_YET;
    if (WORD_APP(word))
        return REASON_APPLICATION;
    if (word & WORD_HELD)
        return REASON_GRAPH;
    if (block->pin_bytes > ledger_cap_bytes())
        return REASON_CAP;
    const size_t absent = absent_bytes(block, block->pin_bytes);
    if (is_sparse(block, block->pin_bytes, absent))
        return REASON_SPARSE;
    if (!prim_memory_take(absent, engine.options->min_free))
        return REASON_MEMORY_LOW;
    if (reserve_site_cap(block, may_evict) != REASON_NONE)
        return REASON_SITE_CAP;
    const enum reason reason = reserve_cap(block, may_evict);
    if (reason != REASON_NONE)
        level_sub(&site->pinned_bytes, block->pin_bytes);
    return reason;
}

static void raise_site_peak(struct site *site)
{
    level_add(&site->pinned_bytes, &site->pinned_bytes_peak, 0);
}

static enum reason reason_of_error(int rc)
{
    if (rc == -EOPNOTSUPP)
        return REASON_UNSUPPORTED;
    if (rc == -EPERM || rc == -EAGAIN)
        return REASON_MEMLOCK;
    if (rc == -ECANCELED)
        return REASON_NOT_YET;
    return rc == -EBUSY ? REASON_APPLICATION : REASON_DRIVER;
}

/* Pins what has been reserved; out of memory evicts one block and tries once more. */
static enum reason pin_reserved(struct block *block, int may_evict, int *stuck)
{
    struct site *site = block->site;
    const uint64_t begin = prim_now_ns();
    int rc = prim_pin(block);
    if (rc == -ENOMEM && may_evict && evict_for(block, NULL))
        rc = prim_pin(block);
    const uint64_t ns = prim_now_ns() - begin;
    if (rc == -EOPNOTSUPP)
        atomic_store(&engine.unsupported, 1);
    *stuck = rc == -ENOTRECOVERABLE || rc == -ECANCELED;
    if (rc)
        return reason_of_error(rc);
    cost_pin_seen(block->pin_bytes, ns);
    count_add(&site->pins, 1);
    count_add(&site->pin_ns, ns);
    count_add(&site->pin_bytes_total, block->pin_bytes);
    raise_site_peak(site);
    return REASON_NONE;
}

/* What was paid towards this pin is spent. */
static void spend(struct site *site, uint64_t ns)
{
    uint64_t paid = count_get(&site->paid_ns);
    while (!atomic_compare_exchange_weak(&site->paid_ns, &paid, paid > ns ? paid - ns : 0))
        ;
}

/* Part of the block is locked and will not let go: it stays locked and mapped for ever, and counted under the cap.  At
 * the end of the process that is nobody's fault. */
static void keep_block(struct block *block)
{
    count_add(&totals.kept_blocks, !atomic_load(&engine.stopping));
    block_kept(block);
}

static void delist(struct block *block)
{
    lock_take(&engine.lock);
    pinned_remove(block);
    lock_drop(&engine.lock);
}

void pin_cancel(struct block *block)
{
    delist(block);
    settle_block(block, block_pin_done(block, 0), 0);
}

static void unreserve(const struct block *block)
{
    level_sub(&block->site->pinned_bytes, block->pin_bytes);
    ledger_release(block->pin_bytes, regions_of(block));
}

/* Pins a block for which there may be room. */
static enum reason try_pin(struct block *block, int may_evict, int *stuck)
{
    enum reason reason = atomic_load(&engine.unsupported) ? REASON_UNSUPPORTED : reserve(block, may_evict);
    if (reason != REASON_NONE)
        return reason;
    reason = pin_reserved(block, may_evict, stuck);
    if (reason == REASON_NONE)
        return reason;
    count_add(&block->site->pin_failures, reason != REASON_NOT_YET);
    if (!*stuck)
        unreserve(block);
    return reason;
}

static int is_full(enum reason reason)
{
    return reason == REASON_CAP || reason == REASON_REGIONS || reason == REASON_SITE_CAP;
}

void pin_block(struct block *block, int may_evict)
{
    int stuck = 0;
    const enum reason reason = try_pin(block, may_evict, &stuck);
    if (!may_evict && is_full(reason)) {
        queue_add(block);
        return;
    }
    if (reason == REASON_NONE) {
        spend(block->site, cost_pin_ns(block->pin_bytes));
        atomic_store_explicit(&block->failures, 0, memory_order_relaxed);
        settle_block(block, block_pin_done(block, 1), 0);
        return;
    }
    refuse(block, reason);
    if (stuck) {
        delist(block);
        keep_block(block);
    } else {
        pin_cancel(block);
    }
}

void unpin_block(struct block *block, int evicted)
{
    struct site *site = block->site;
    const size_t pin_bytes = block->pin_bytes;
    const uint32_t regions = regions_of(block);
    const int rc = prim_unpin(block);
    delist(block);
    if (rc) {
        keep_block(block);
        return;
    }
    ledger_release(pin_bytes, regions);
    level_sub(&site->pinned_bytes, pin_bytes);
    count_add(&site->unpins, 1);
    count_add(&site->evictions, (uint64_t)evicted);
    settle_block(block, block_unpin_done(block), 0);
}
