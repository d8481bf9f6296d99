/* The engine as its callers see it: births, deaths, copies, promotions.  See engine.h. */
#include "engine.h"

#include <unistd.h>

#include "cost.h"
#include "decide.h"
#include "engine_int.h"
#include "history.h"
#include "hot.h"
#include "ledger.h"
#include "node_ledger.h"
#include "record.h"
#include "rent.h"
#include "tally.h"

enum {
    RECURS_TIMES = 3 /* times a size must have been faulted in anew */
};

static HOT_DATA size_t page_bytes = 4096;

size_t page_round(size_t bytes)
{
    return (bytes + page_bytes - 1) & ~(page_bytes - 1);
}

void engine_start(const struct options *options)
{
    const long page = sysconf(_SC_PAGESIZE);
    if (page > 0)
        page_bytes = (size_t)page;
    engine.options = options;
    ledger_start(options->max_pinned, options->max_regions);
    node_ledger_start(options->max_pinned_node);
    record.totals.start_ns = prim_now_ns();
}

enum backend_kind engine_backend(void)
{
    return (enum backend_kind)atomic_load_explicit(&engine.backend, memory_order_relaxed);
}

void engine_use_backend(enum backend_kind kind)
{
    atomic_store(&record.head.backend, (int)kind);
    if (atomic_exchange(&engine.backend, kind) != (int)kind && ledger_bytes())
        prim_kick();
}

/* --- allocation -----------------------------------------------------------------------------------------------------
 */

uint64_t fault_ns(const struct site *site, size_t bytes)
{
    return cost_fault_ns(bytes, atomic_load_explicit(&site->huge, memory_order_relaxed));
}

/* Whether these page faults could have been avoided: the first block of a site, and of a size, faults whatever anybody
 * does.  Counts the block. */
static int avoidable_faults(const struct block *block)
{
    if (!block->fresh || block->size_class >= ENGINE_CLASSES)
        return 0;
    const uint32_t before = atomic_fetch_add_explicit(&engine.faulted[block->size_class], 1, memory_order_relaxed);
    return before > 0 && tally_has_served(block->site, 2);
}

static void begin(struct block *block, struct site *site, size_t bytes)
{
    atomic_store_explicit(&block->site, site, memory_order_release);
    block->bytes = bytes;
    atomic_store_explicit(&block->copies, 0, memory_order_relaxed);
    atomic_store_explicit(&block->failures, 0, memory_order_relaxed);
    atomic_store_explicit(&block->retry_ns, 0, memory_order_relaxed);
    worth_set(block, 0);
    rent_begin(block);
}

void engine_born(struct block *block, struct site *site, size_t bytes)
{
    begin(block, site, bytes);
    block_born(block);
    tally_born(site, bytes);
    block->avoidable = (uint8_t)avoidable_faults(block);
}

/* It is PLAIN before the rest is said of it: whoever looks at all blocks meanwhile (a child forked just then) takes it
 * for what it was last time. */
int engine_again(struct block *block, struct site *site, size_t bytes)
{
    if (atomic_load_explicit(&engine.rest[block->size_class], memory_order_relaxed) || !block_take(block))
        return 0;
    begin(block, site, bytes);
    block->fresh = block->avoidable = 0;
    tally_born(site, bytes);
    return 1;
}

/* What the block's page faults have cost, now that it is known which of its pages were ever touched. */
static void credit_faults(struct block *block)
{
    struct site *site = block->site;
    if (!block->avoidable || engine_backend() != BACKEND_MLOCK)
        return;
    const uint64_t ns = fault_ns(site, prim_resident_bytes(block->base, page_round(block->bytes)));
    block->avoidable = 0;
    count_add(&site->paid_ns, ns);
    count_add(&site->lost_ns, ns);
    worth_add(block, ns);
}

/* In the program's own thread.  Nothing is unpinned there: the driver would wait for streams, which may be waiting for
 * this thread. */
static void pin_now(struct block *block)
{
    if (work_begin()) {
        pin_block(block, 0);
        work_end();
    } else {
        pin_cancel(block);
    }
}

/* Now, where the program is to wait for it; else by the worker, who in any case looks after idle memory from now on.
 * Returns whether the block's state allowed it. */
static int pin_soon(struct block *block, int (*begin)(struct block *), struct pin_plan plan, enum reason why)
{
    struct site *site = block->site;
    plan.now = site->pin_wait;
    atomic_store_explicit(&block->used_ns, prim_coarse_ns(), memory_order_relaxed);
    if (!pinning_add(block, begin, &plan))
        return 0;
    atomic_store_explicit(&site->why, why, memory_order_relaxed);
    if (plan.now)
        pin_now(block);
    prim_kick();
    return 1;
}

/* A site may ask for a different size each time: then nothing kept of this one would serve the next. */
static int size_recurs(const struct block *block)
{
    return atomic_load_explicit(&engine.faulted[block->size_class], memory_order_relaxed) >= RECURS_TIMES;
}

/* Why a block that is being freed is worth locking for the next one, or why not. */
static enum reason keep_reason(const struct block *block)
{
    const size_t bytes = page_round(block->bytes);
    if (((struct site *)block->site)->promote.mode == PROMOTE_AUTO && (prim_keeps(block) || !size_recurs(block)))
        return REASON_NOT_YET; /* first: this is what most blocks come to */
    const enum reason reason = decide_at_free(block->site, block);
    if (reason_refuses(reason))
        return reason;
    if (prim_coarse_ns() < atomic_load_explicit(&block->retry_ns, memory_order_relaxed))
        return REASON_NOT_YET;
    return is_sparse(block, bytes, absent_bytes(block, bytes)) ? REASON_SPARSE : reason;
}

/* Backend mlock: takes a block that is being freed and is worth it.  Returns whether it was taken. */
static int keep_locked(struct block *block)
{
    if (engine_backend() != BACKEND_MLOCK || block_state(block) != BLOCK_PLAIN)
        return 0;
    credit_faults(block);
    const enum reason reason = keep_reason(block);
    if (reason == REASON_NEVER || reason == REASON_SPARSE)
        refuse(block, reason);
    if (reason_refuses(reason))
        return 0;
    return pin_soon(block, block_pin_begin_freed, (struct pin_plan){.backend = BACKEND_MLOCK}, reason);
}

int engine_leave_block(struct block *block)
{
    struct site *site = block->site;
    const size_t bytes = block->bytes;
    if (block->avoidable || site->promote.mode != PROMOTE_AUTO || count_get(&block->paid_ns) || !block_leave(block))
        return 0;
    tally_gone(site, bytes);
    return 1;
}

void engine_free(struct block *block)
{
    struct site *site = block->site;
    const uint32_t word = block_word(block);
    if (word_is_free(word) || WORD_STATE(word) == BLOCK_QUARANTINED || (word & WORD_FREED)) {
        prim_log(0, "autopin: free(%p): already free; ignored", (void *)block->base);
        return;
    }
    if (WORD_STATE(word) != BLOCK_PLAIN) { /* only pinned blocks age; the clock is a cache miss or two */
        const uint64_t now = prim_coarse_ns();
        atomic_store_explicit(&block->used_ns, now, memory_order_relaxed);
        atomic_store_explicit(&record.totals.last_ns, now, memory_order_relaxed);
    }
    tally_gone(site, block->bytes);
    rent_leave(block);
    if (!keep_locked(block))
        settle_block(block, block_free(block), 1);
    if (atomic_load_explicit(&block->tainted, memory_order_relaxed) && block_state(block) == BLOCK_QUARANTINED)
        prim_kick(); /* it goes at once */
}

void engine_resized(struct block *block, size_t bytes)
{
    tally_resized(block->site, block->bytes, bytes);
    block->bytes = bytes;
}

void engine_moved(struct block *block)
{
    atomic_store_explicit(&block->retry_ns, UINT64_MAX, memory_order_relaxed);
}

/* --- copies ---------------------------------------------------------------------------------------------------------
 */

uint32_t engine_copy_begin(struct block *block)
{
    return block_ref(block);
}

int engine_is_direct(const struct block *block, uint32_t word)
{
    const enum block_state state = WORD_STATE(word);
    return (state == BLOCK_PINNED || state == BLOCK_KEPT) && block->pin_backend == BACKEND_CUDA;
}

int engine_may_dma(const struct block *block, uint32_t word)
{
    return WORD_STATE(word) >= BLOCK_PINNING && block->pin_backend == BACKEND_CUDA;
}

enum reason engine_copied(struct block *block, enum direction dir, enum way way, uint64_t bytes, uint64_t ns)
{
    struct site *site = block->site;
    const uint64_t now = prim_now_ns(), excess = cost_excess_ns(dir, way, bytes);
    struct copy_count *const counts[] = {&site->count[dir][way], &record.totals.count[dir][way]};
    for (int i = 0; i < 2; i++) { /* the number last: what is killed in between has moved no copy less than it says */
        count_add(&counts[i]->ns, ns);
        count_add(&counts[i]->bytes, bytes);
        count_add(&counts[i]->copies, 1);
    }
    history_copied(now);
    atomic_store_explicit(&record.totals.last_ns, now, memory_order_relaxed);
    atomic_fetch_add_explicit(&block->copies, 1, memory_order_relaxed);
    atomic_store_explicit(&block->used_ns, now, memory_order_relaxed);
    if (way != WAY_STAGED) /* preload/stage.c knows what of it was set-up */
        cost_copy_seen(dir, way, bytes, ns);
    if (way == WAY_SNAPSHOT)
        return REASON_NOT_YET;
    worth_add(block, excess);
    count_add(way == WAY_DIRECT ? &site->saved_ns : &site->lost_ns, excess);
    if (way == WAY_DIRECT) {
        rent_earn(block, excess, decide_price_ns(block));
        return REASON_NOT_YET;
    }
    rent_pay(block, excess);
    if (engine_backend() != BACKEND_CUDA || now < atomic_load_explicit(&block->retry_ns, memory_order_relaxed))
        return REASON_NOT_YET;
    const enum reason reason = decide_after_copy(site, block, dir);
    if (reason_refuses(reason))
        refuse(block, reason);
    return reason;
}

void engine_copy_end(struct block *block)
{
    settle_block(block, block_unref(block), 0);
}

void engine_promote(struct block *block, enum reason why, void *context, int device)
{
    if (!atomic_load(&block->tainted))
        (void)pin_soon(block, block_pin_begin,
                       (struct pin_plan){.backend = BACKEND_CUDA, .context = context, .device = device}, why);
}
