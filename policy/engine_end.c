/* The end of pins: demotion on demand, idle release, the end of the process.  See engine.h. */
#include <string.h>

#include "cost.h"
#include "decide.h"
#include "engine_int.h"
#include "history.h"
#include "ledger.h"
#include "record.h"
#include "tally.h"

static const uint64_t QUIET_NS = 2000000000;
static const uint64_t RETRY_NS = 5000000; /* how often it is asked whether what cannot be unpinned now can be */

struct search {
    block_match match;
    const void *what;
    int (*begin)(struct block *block); /* the event that takes it */
    struct block *wait_for;            /* one that matches but cannot be unpinned just now */
    uint32_t seen;
};

/* One matching block that can be unpinned, now UNPINNING; or `search` says which one to wait for. */
static struct block *matching_take(struct search *search)
{
    struct block *block;
    search->wait_for = NULL;
    lock_take(&engine.lock);
    for (block = engine.pinned; block; block = block->pin_next) {
        const uint32_t word = block_word(block);
        if (WORD_STATE(word) == BLOCK_KEPT || !search->match(block, search->what))
            continue;
        if ((word & WORD_HELD) && search->begin != block_lose_begin)
            continue;
        if (search->begin(block)) {
            rest_remove(block);
            break;
        }
        search->wait_for = block;
        search->seen = word;
    }
    lock_drop(&engine.lock);
    return block;
}

/* Gives up the promotions that match and have not begun. */
static void queue_cancel(block_match match, const void *what)
{
    struct block *block;
    enum block_next next = NEXT_NOTHING;
    do {
        lock_take(&engine.lock);
        block = engine.queue;
        while (block && !match(block, what))
            block = block->next;
        if (block) {
            pinned_remove(block);
            next = block_pin_failed(block);
        }
        lock_drop(&engine.lock);
        if (block)
            settle_block(block, next, 0);
    } while (block);
}

static void unpin_all(struct search search)
{
    if (!work_begin())
        return;
    do {
        queue_cancel(search.match, search.what);
        struct block *block = matching_take(&search);
        if (block)
            unpin_block(block, 0);
        else if (search.wait_for)
            prim_wait(&search.wait_for->word, search.seen);
        else
            break;
    } while (engine_pause());
    work_end();
}

void engine_demote_matching(block_match match, const void *what)
{
    unpin_all((struct search){.match = match, .what = what, .begin = block_unpin_begin});
}

void engine_lose_matching(block_match match, const void *what)
{
    unpin_all((struct search){.match = match, .what = what, .begin = block_lose_begin});
}

static int any_block(const struct block *block, const void *what)
{
    (void)block;
    (void)what;
    return 1;
}

static int same_block(const struct block *block, const void *what)
{
    return block == what;
}

void engine_demote(struct block *block)
{
    for (;;) {
        const uint32_t word = block_word(block);
        const enum block_state state = WORD_STATE(word);
        if (word_is_free(word) || state == BLOCK_PLAIN || state == BLOCK_MOVING || state == BLOCK_KEPT ||
            (word & WORD_HELD) || atomic_load(&engine.stopping))
            return;
        engine_demote_matching(same_block, block);
        if (block_word(block) == word)
            prim_wait(&block->word, word);
    }
}

void engine_app_claim(struct block *block)
{
    block_app_add(block); /* first, so that nobody pins it again meanwhile */
    engine_demote(block);
}

void engine_app_release(struct block *block)
{
    settle_block(block, block_app_drop(block), 0);
}

void engine_taint(struct block *block)
{
    atomic_store(&block->tainted, 1);
    atomic_store(&block->retry_ns, UINT64_MAX);
    if (block_state(block) >= BLOCK_PINNING)
        prim_kick(); /* it is unpinned as soon as that can be */
}

void engine_huge(struct block *block)
{
    atomic_store_explicit(&((struct site *)block->site)->huge, 1, memory_order_relaxed);
}

void engine_hold(struct block *block)
{
    if (!(block_word(block) & WORD_HELD)) {
        block_hold(block);
        count_add(&record.totals.graph_blocks, 1);
    }
}

/* --- the worker's round ---------------------------------------------------------------------------------------------
 */

/* Pinning has turned out to be of no use here. */
static int is_given_up(const struct block *block)
{
    return block->pin_backend == BACKEND_CUDA && block->site->promote.mode == PROMOTE_AUTO && cost_given_up();
}

/* Idle means: of no use as it is pinned, or in quarantine and not asked for, or pinned for copies that have stopped
 * coming. */
static int idle(const struct block *block, const void *now)
{
    const uint64_t used = atomic_load_explicit(&block->used_ns, memory_order_relaxed);
    if (atomic_load(&block->tainted) || block->pin_backend != engine_backend() || is_given_up(block))
        return 1;
    if (engine.options->idle_timeout == 0)
        return 0;
    if (*(const uint64_t *)now - used < engine.options->idle_timeout || *(const uint64_t *)now < used)
        return 0;
    return block_state(block) == BLOCK_QUARANTINED || block->pin_backend == BACKEND_CUDA;
}

uint64_t engine_work(void)
{
    struct block *block;
    if (!work_begin()) {
        queue_cancel(any_block, NULL);
        return UINT64_MAX;
    }
    relieve(prim_now_ns());
    while (engine_pause() && (block = queue_take()))
        pin_block(block, 1);
    const uint64_t now = prim_now_ns();
    atomic_store_explicit(&record.totals.last_ns, now, memory_order_relaxed);
    struct search search = {.match = idle, .what = &now, .begin = block_unpin_begin};
    while (engine_pause() && (block = matching_take(&search)))
        unpin_block(block, 0);
    work_end();
    if (search.wait_for)
        return RETRY_NS;
    const uint64_t idle_ns = engine.options->idle_timeout ? engine.options->idle_timeout / 4 : UINT64_MAX;
    const uint64_t look_ns = relief_wait_ns(now);
    return !ledger_bytes() ? UINT64_MAX : idle_ns < look_ns ? idle_ns : look_ns;
}

/* --- the end --------------------------------------------------------------------------------------------------------
 */

void wait_quiet(void)
{
    const uint64_t begin = prim_now_ns();
    uint32_t busy;
    while ((busy = atomic_load(&engine.busy)) && prim_now_ns() - begin < QUIET_NS)
        prim_wait(&engine.busy, busy);
}

int engine_enter(void)
{
    return work_begin();
}

void engine_leave(void)
{
    work_end();
}

void engine_stop(void)
{
    atomic_store(&engine.stopping, 1);
    wait_quiet();
}

void engine_drop_queue(void)
{
    if (!work_begin())
        return;
    queue_cancel(any_block, NULL);
    work_end();
}
