/* The engine's lists: pinned blocks, quarantine by class, the queue of promotions.  Lock: RANK_ENGINE, inside these
 * functions only. */
#include "cost.h"
#include "decide.h"
#include "engine_int.h"
#include "record.h"
#include "tally.h"

enum {
    UNKNOWN_BLOCKS = 4, /* of so many blocks of a site something is known */
    HUGE_BYTES =
        2 << 20 /* what one fault brings in where the program asked for huge pages (x86-64, aarch64 with 4 KiB) */
};

static const size_t WAITING_MOST = (size_t)128 << 20;

struct engine engine = {.lock = LOCK_OF(RANK_ENGINE)};

/* Lock: engine.lock. */
static void pinned_add(struct block *block)
{
    block->pin_next = engine.pinned;
    block->pin_link = &engine.pinned;
    if (engine.pinned)
        engine.pinned->pin_link = &block->pin_next;
    engine.pinned = block;
}

/* Lock: engine.lock. */
static void enqueue(struct block *block)
{
    block->next = NULL;
    block->queued = 1;
    block->waiting = (block_word(block) & WORD_FREED) != 0;
    if (block->waiting)
        engine.waiting_bytes += block->pin_bytes;
    if (!engine.queue)
        engine.queue_end = &engine.queue;
    *engine.queue_end = block;
    engine.queue_end = &block->next;
}

/* Lock: engine.lock. */
static void queue_remove(struct block *block)
{
    struct block **link = &engine.queue;
    if (!block->queued)
        return;
    while (*link != block)
        link = &(*link)->next;
    if (!(*link = block->next))
        engine.queue_end = link;
    if (block->waiting)
        engine.waiting_bytes -= block->pin_bytes;
    block->queued = block->waiting = 0;
}

/* A program that frees faster than the worker locks must not pile up what it has freed.  Lock: engine.lock. */
static int may_wait(size_t bytes)
{
    return engine.waiting_bytes == 0 || engine.waiting_bytes + bytes <= WAITING_MOST;
}

int pinning_add(struct block *block, int (*begin)(struct block *), const struct pin_plan *plan)
{
    const size_t bytes = page_round(block->bytes);
    int begun = 0;
    lock_take(&engine.lock);
    if (block_state(block) == BLOCK_PLAIN && (begin != block_pin_begin_freed || may_wait(bytes))) {
        block->pin_bytes = bytes; /* before it is PINNING: engine_may_dma() reads it without the lock */
        block->pin_backend = plan->backend;
        block->pin_context = plan->context;
        block->pin_device = plan->device;
        begun = begin(block);
    }
    if (begun) {
        pinned_add(block);
        if (!plan->now)
            enqueue(block);
    }
    lock_drop(&engine.lock);
    return begun;
}

void rest_remove(struct block *block)
{
    if (!block->resting)
        return;
    struct block *before = engine.rest[block->size_class];
    if (before == block) {
        engine.rest[block->size_class] = block->rest_next;
    } else {
        while (before->rest_next != block)
            before = before->rest_next;
        before->rest_next = block->rest_next;
    }
    atomic_store(&block->resting, 0);
}

enum block_next pinned_end(struct block *block, enum block_next (*event)(struct block *))
{
    lock_take(&engine.lock);
    pinned_remove(block);
    const enum block_next next = event(block);
    lock_drop(&engine.lock);
    return next;
}

void pinned_remove(struct block *block)
{
    rest_remove(block);
    queue_remove(block);
    if (!block->pin_link)
        return;
    *block->pin_link = block->pin_next;
    if (block->pin_next)
        block->pin_next->pin_link = block->pin_link;
    block->pin_link = NULL;
}

/* Lock: engine.lock. */
static void rest_insert(struct block *block)
{
    if (block_state(block) != BLOCK_QUARANTINED || block->resting)
        return;
    block->rest_next = engine.rest[block->size_class];
    engine.rest[block->size_class] = block;
    atomic_store(&block->resting, 1);
}

/* Read-modify-write where a load would do, here and in rest_skip(): the one that comes second sees what the other has
 * done before, to this or to the block's word. */
static int rest_has(struct block *block)
{
    return atomic_fetch_or(&block->resting, 0);
}

void rest_add(struct block *block)
{
    if (rest_has(block))
        return;
    lock_take(&engine.lock);
    rest_insert(block);
    lock_drop(&engine.lock);
}

/* Takes out one that is in use.  Returns whether it was.  Lock: engine.lock. */
static int rest_skip(struct block *block)
{
    if (block_state(block) == BLOCK_QUARANTINED)
        return 0;
    rest_remove(block);
    (void)atomic_exchange(&block->resting, 0);
    rest_insert(block); /* if it has been freed just now, by somebody who saw it in there */
    return 1;
}

void queue_add(struct block *block)
{
    lock_take(&engine.lock);
    enqueue(block);
    lock_drop(&engine.lock);
}

struct block *queue_take(void)
{
    lock_take(&engine.lock);
    struct block *block = engine.queue;
    if (block)
        queue_remove(block);
    lock_drop(&engine.lock);
    return block;
}

/* QUARANTINED → PINNED, within the new site's own max_pinned. */
static int recycle_for(struct block *block, struct site *site)
{
    const int moves = block->site != site;
    if (moves && !site_reserve(site, block->pin_bytes))
        return 0;
    if (block_recycle(block))
        return 1;
    if (moves)
        level_sub(&site->pinned_bytes, block->pin_bytes);
    return 0;
}

/* Whether the pin of a quarantined block serves. */
static int rest_serves(const struct block *block, size_t need)
{
    return block->pin_bytes >= need && block->pin_backend == engine_backend() && !atomic_load(&block->tainted);
}

/* The first quarantined block that holds `need` bytes, now PINNED again, or NULL.  Lock: engine.lock. */
static struct block *rest_take(struct site *site, size_t need, uint32_t size_class)
{
    struct block *next;
    for (struct block *block = engine.rest[size_class]; block; block = next) {
        next = block->rest_next;
        if (rest_skip(block) || !rest_serves(block, need) || !recycle_for(block, site))
            continue;
        rest_remove(block);
        if (block->site != site) /* the new site's share was reserved in recycle_for() */
            level_sub(&((struct site *)block->site)->pinned_bytes, block->pin_bytes);
        block->site = site;
        return block;
    }
    return NULL;
}

static void account_recycled(struct block *block, struct site *site, size_t bytes)
{
    const uint64_t now = prim_coarse_ns();
    level_add(&site->pinned_bytes, &site->pinned_bytes_peak, 0);
    block->bytes = bytes;
    block->fresh = 0;
    atomic_store_explicit(&block->dirty, 1, memory_order_relaxed);
    atomic_store_explicit(&block->copies, 0, memory_order_relaxed);
    atomic_store_explicit(&block->used_ns, now, memory_order_relaxed);
    count_add(&site->recycled, 1);
    count_add(&record.totals.faults_avoided,
              site->huge ? (bytes + HUGE_BYTES - 1) / HUGE_BYTES : page_round(bytes) / page_round(1));
    if (block->pin_backend == BACKEND_MLOCK) {
        count_add(&site->saved_ns, fault_ns(site, bytes));
        worth_add(block, fault_ns(site, bytes));
    }
}

/* A site whose blocks are copied, or of which nothing is known yet, few having been served and none freed: what is
 * pinned already costs nothing more.  Where page faults are all there is to save, one whose blocks recur. */
static int deserves(const struct site *site)
{
    if (site->promote.mode == PROMOTE_NEVER)
        return 0;
    if (count_get(&site->pins))
        return 1;
    if (engine_backend() == BACKEND_MLOCK)
        return tally_has_served(site, 1);
    if (count_get(&site->lost_ns) || count_get(&site->saved_ns))
        return 1;
    return !tally_has_served(site, UNKNOWN_BLOCKS) && site_blocks_gone(site) == 0;
}

struct block *engine_recycle(struct site *site, size_t bytes, uint32_t size_class)
{
    if (size_class >= ENGINE_CLASSES || !engine.rest[size_class] || !deserves(site))
        return NULL;
    lock_take(&engine.lock);
    struct block *block = rest_take(site, page_round(bytes), size_class);
    lock_drop(&engine.lock);
    if (block) {
        account_recycled(block, site, bytes);
        tally_born(site, bytes);
    }
    return block;
}

int engine_recycle_this(struct block *block, struct site *site, size_t bytes)
{
    if (block_state(block) != BLOCK_QUARANTINED || !deserves(site) || !block_recycle(block))
        return 0;
    if (block->site != site || !rest_serves(block, page_round(bytes))) { /* only now are they sure to stay */
        const enum block_next next = block_free(block);
        settle_block(block, next, 1);
        return 0;
    }
    account_recycled(block, site, bytes);
    tally_born(site, bytes);
    return 1;
}
