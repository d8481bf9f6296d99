/* Pinning and unpinning, failures and their back-off.  See engine.h.  No lock is held across prim_pin() and
 * prim_unpin(). */
#include <errno.h>

#include "cost.h"
#include "decide.h"
#include "engine_int.h"
#include "history.h"
#include "ledger.h"
#include "record.h"
#include "rent.h"

static const uint64_t BACKOFF_NS = 10000000; /* doubled with each failure in a row */

static int is_full(enum reason reason)
{
    return reason == REASON_CAP || reason == REASON_REGIONS || reason == REASON_SITE_CAP || reason == REASON_NODE_CAP;
}

void refuse(struct block *block, enum reason reason)
{
    struct site *site = block->site;
    count_add(&site->refused[reason], 1);
    atomic_store_explicit(&site->why, reason, memory_order_relaxed);
    if (reason == REASON_NOT_YET || reason == REASON_NO_GAIN || reason == REASON_NEVER)
        return;
    const uint32_t failures = atomic_fetch_add_explicit(&block->failures, 1, memory_order_relaxed);
    const uint64_t wait_ns = is_full(reason) ? BACKOFF_NS : BACKOFF_NS << (failures < 10 ? failures : 10);
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
    const uint64_t end = prim_now_ns(), ns = end - begin;
    if (rc == -EOPNOTSUPP)
        atomic_store(&engine.unsupported, 1);
    *stuck = rc == -ENOTRECOVERABLE || rc == -ECANCELED;
    if (rc)
        return reason_of_error(rc);
    cost_pin_seen(block->pin_bytes, block->pin_absent, atomic_load_explicit(&site->huge, memory_order_relaxed), ns);
    count_add(&site->pins, 1);
    count_add(&site->pin_ns, ns);
    count_add(&site->pin_bytes_total, block->pin_bytes);
    raise_site_peak(site);
    history_take(end);
    return REASON_NONE;
}

/* What was paid towards this pin is spent. */
static void spend(struct block *block, uint64_t ns)
{
    if (block->pin_backend == BACKEND_CUDA)
        rent_spend(block, ns);
    else
        (void)count_draw(&block->site->paid_ns, ns);
}

/* Part of the block is locked and will not let go: it stays locked and mapped for ever, and counted under the cap.  At
 * the end of the process that is nobody's fault. */
static void keep_block(struct block *block)
{
    count_add(&record.totals.kept_blocks, !atomic_load(&engine.stopping));
    pinned_end(block, block_kept);
}

void pin_cancel(struct block *block)
{
    settle_block(block, pinned_end(block, block_pin_failed), 0);
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

void pin_block(struct block *block, int may_evict)
{
    int stuck = 0;
    const enum reason reason = try_pin(block, may_evict, &stuck);
    if (!may_evict && is_full(reason)) {
        queue_add(block);
        return;
    }
    if (reason == REASON_NONE) {
        spend(block, decide_price_ns(block));
        atomic_store_explicit(&block->failures, 0, memory_order_relaxed);
        settle_block(block, block_pin_done(block, 1), 0);
        return;
    }
    refuse(block, reason);
    if (stuck)
        keep_block(block);
    else
        pin_cancel(block);
}

void unpin_block(struct block *block, int evicted)
{
    struct site *site = block->site;
    const size_t pin_bytes = block->pin_bytes;
    const uint32_t regions = regions_of(block);
    const int rc = prim_unpin(block);
    if (rc) {
        keep_block(block);
        return;
    }
    ledger_release(pin_bytes, regions);
    level_sub(&site->pinned_bytes, pin_bytes);
    count_add(&site->unpins, 1);
    count_add(&site->evictions, (uint64_t)evicted);
    history_take(prim_now_ns());
    settle_block(block, pinned_end(block, block_unpin_done), 0);
}
