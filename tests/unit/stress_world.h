/* The world of stress_engine.c: blocks of an arena that is only pretended, and what must hold of them at every pin,
 * unpin and release.  Lock: free_lock for the list of free blocks. */
#ifndef STRESS_WORLD_H
#define STRESS_WORLD_H

#include "fake_prim.h"
#include "stress_check.h"

#include "policy/engine.h"
#include "policy/ledger.h"
#include "policy/lock.h"

#include <pthread.h>

enum {
    THREADS = 8,
    BLOCKS = 64,
    LIVE = 4,
    ROUNDS = 40000,
    ENOUGH_PINS = 200,
    BLOCK_BYTES = 2 << 20,
    CAP_BYTES = 12 << 20,
    SHARED = 3,    /* blocks that all threads use at once */
    HELD_MOST = 4, /* each is lost to the others for good */
    SITES = 4,
    CLASS = 3
};

static struct block blocks[BLOCKS];
static _Atomic int pinned[BLOCKS], copying[BLOCKS];
static struct block *free_blocks[BLOCKS];
static int n_free;
static pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;
static struct site *sites[SITES];
static struct block *shared[SHARED];
static _Atomic int claims[BLOCKS]; /* by the application, begun and not yet given up */
static _Atomic size_t pinned_bytes, most_pinned;
static _Atomic int stop, forking, held;
static pthread_mutex_t fork_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic unsigned happened[9];
static const char *const events[9] = {
    "taint", "hold", "claim", "fork", "lose", "switch", "resize", "drop of the queue", "use of the same pinned block"};
enum {
    TAINT,
    HOLD,
    CLAIM,
    FORK,
    LOSE,
    SWITCH,
    RESIZE,
    DROP,
    AGAIN
};

static int on_pin(struct block *block)
{
    CHECK(!atomic_exchange(&pinned[block - blocks], 1));
    CHECK(!forking);
    const size_t now = atomic_fetch_add(&pinned_bytes, block->pin_bytes) + block->pin_bytes;
    CHECK(now <= CAP_BYTES);
    CHECK(ledger_bytes() <= ledger_cap_bytes());
    if (now > most_pinned)
        most_pinned = now;
    return 0;
}

static int on_unpin(struct block *block)
{
    CHECK(atomic_exchange(&pinned[block - blocks], 0));
    CHECK(copying[block - blocks] == 0);
    CHECK(!forking);
    pinned_bytes -= block->pin_bytes;
    return 0;
}

static void on_release(struct block *block, int keep)
{
    (void)keep;
    CHECK(!pinned[block - blocks]);
    CHECK(claims[block - blocks] == 0);
    CHECK(!(block_word(block) & WORD_HELD));
    block->tainted = 0; /* as the arena does */
    CHECK(copying[block - blocks] == 0);
    pthread_mutex_lock(&free_lock);
    CHECK(n_free < BLOCKS);
    free_blocks[n_free++] = block;
    pthread_mutex_unlock(&free_lock);
}

/* `before`: a block that this thread has had, or NULL. */
static struct block *take(struct site *site, struct block *before)
{
    const int again = before && engine_recycle_this(before, site, BLOCK_BYTES);
    struct block *block = again ? before : engine_recycle(site, BLOCK_BYTES, CLASS);
    happened[AGAIN] += (unsigned)again;
    if (block) {
        CHECK(copying[block - blocks] == 0);
        CHECK(!block->tainted);
        CHECK(block->site == site);
        return block;
    }
    pthread_mutex_lock(&free_lock);
    if (n_free)
        block = free_blocks[--n_free];
    pthread_mutex_unlock(&free_lock);
    if (block)
        engine_born(block, site, BLOCK_BYTES);
    return block;
}

#endif
