/* Fork: in the child nothing is pinned, and the driver is the parent's.  See engine.h. */
#include <string.h>

#include "engine_int.h"
#include "history.h"
#include "ledger.h"
#include "lock.h"
#include "prim.h"
#include "record.h"
#include "site.h"
#include "tally.h"

void engine_fork_take(void)
{
    atomic_store(&engine.forking, 1);
    if (lock_forking != LOCK_SEIZING)
        wait_quiet();
    sites_fork_take();
    lock_take(&engine.lock);
}

static void fork_drop(void)
{
    lock_drop(&engine.lock);
    sites_fork_drop();
    atomic_store(&engine.forking, 0);
    prim_wake(&engine.forking);
}

void engine_fork_parent(void)
{
    const int queued = engine.queue != NULL;
    fork_drop();
    if (queued)
        prim_kick();
}

/* In the child a block that was pinned, in flight or claimed is simply memory, and one that was freed is given back. */
static void forget_block(struct block *block)
{
    const uint32_t word = block_word(block);
    const int freed = WORD_STATE(word) == BLOCK_QUARANTINED || (word & WORD_FREED);
    if (word_is_free(word))
        return;
    block->pin_link = NULL;
    block->resting = block->queued = block->waiting = 0;
    block->pin_backend = BACKEND_NONE;
    atomic_store(&block->word, (freed ? BLOCK_GONE : BLOCK_PLAIN) | (word & WORD_PLACED));
    if (freed)
        prim_release(block, 0);
}

/* Counted anew, not copied: the parent's threads count on while the child looks. */
static void inherit_block(struct block *block)
{
    forget_block(block);
    if (!word_is_free(block_word(block)))
        tally_inherit(block->site, block->bytes);
}

void engine_fork_child(void)
{
    struct block *block, *next;
    fork_drop();
    atomic_store(&engine.busy, 0);
    if (engine_backend() == BACKEND_CUDA)
        atomic_store(&engine.backend, BACKEND_NONE);
    atomic_store(&record.head.backend, (int)engine_backend());
    sites_forget();
    for (block = engine.pinned; block; block = next) {
        next = block->pin_next;
        forget_block(block);
    }
    /* Those that no list knows: claimed or moved by threads that are not here, or kept. */
    prim_each_block(inherit_block);
    engine.pinned = engine.queue = NULL;
    engine.waiting_bytes = 0;
    memset(engine.rest, 0, sizeof engine.rest);
    ledger_forget();
    relief_forget();
    record.totals = (struct totals){.start_ns = prim_now_ns()};
    history_forget();
}
