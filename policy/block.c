/* The transitions of a block's state: each one compare-and-swap.  See block.h; no lock is taken, nothing else is
 * touched. */
#include "block.h"

#include "prim.h"

static uint32_t with_state(uint32_t word, enum block_state state)
{
    return (word & ~15u) | (uint32_t)state;
}

/* Swaps the word if it still is *seen; wakes those who wait for this block. */
static int swap(struct block *block, uint32_t *seen, uint32_t next)
{
    if (!atomic_compare_exchange_weak_explicit(&block->word, seen, next, memory_order_acq_rel, memory_order_acquire))
        return 0;
    if (WORD_STATE(*seen) == BLOCK_PINNING || WORD_STATE(*seen) == BLOCK_UNPINNING)
        prim_wake(&block->word);
    return 1;
}

/* from → to while none of the bits of `never` is set. */
static int step(struct block *block, enum block_state from, enum block_state to, uint32_t never, uint32_t add)
{
    uint32_t word = block_word(block);
    while (WORD_STATE(word) == from && (word & never) == 0)
        if (swap(block, &word, with_state(word, to) | add))
            return 1;
    return 0;
}

#define ANY_APP  (255u << 8)
#define ANY_REFS (~0u << 16)

int block_born(struct block *block)
{
    return step(block, BLOCK_GONE, BLOCK_PLAIN, 0, 0);
}

int block_place(struct block *block)
{
    return step(block, BLOCK_GONE, BLOCK_GONE, WORD_PLACED, WORD_PLACED);
}

int block_lay(struct block *block)
{
    return step(block, BLOCK_GONE, BLOCK_READY, WORD_PLACED, WORD_PLACED);
}

int block_return(struct block *block)
{
    uint32_t word = block_word(block);
    while (WORD_STATE(word) == BLOCK_GONE && (word & WORD_PLACED))
        if (swap(block, &word, with_state(word, BLOCK_READY)))
            return 1;
    return 0;
}

/* From just this word to just that one: the states of a pair of malloc and free that finds all as it was. */
static int step_exactly(struct block *block, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong_explicit(&block->word, &from, to, memory_order_acq_rel, memory_order_relaxed);
}

int block_leave(struct block *block)
{
    return step_exactly(block, BLOCK_PLAIN | WORD_PLACED, BLOCK_READY | WORD_PLACED);
}

int block_take(struct block *block)
{
    return step_exactly(block, BLOCK_READY | WORD_PLACED, BLOCK_PLAIN | WORD_PLACED);
}

int block_lift(struct block *block)
{
    return step_exactly(block, BLOCK_READY | WORD_PLACED, BLOCK_GONE | WORD_PLACED);
}

int block_displace(struct block *block)
{
    uint32_t word = block_word(block);
    for (;;) {
        const int ready = WORD_STATE(word) == BLOCK_READY;
        if (swap(block, &word, (ready ? with_state(word, BLOCK_GONE) : word) & ~WORD_PLACED))
            return ready;
    }
}

int block_pin_begin(struct block *block)
{
    return step(block, BLOCK_PLAIN, BLOCK_PINNING, ANY_APP | WORD_HELD | WORD_FREED, 0);
}

int block_pin_begin_freed(struct block *block)
{
    return step(block, BLOCK_PLAIN, BLOCK_PINNING, ANY_APP | WORD_HELD | WORD_FREED, WORD_FREED);
}

int block_move_begin(struct block *block)
{
    return step(block, BLOCK_PLAIN, BLOCK_MOVING, ANY_APP | ANY_REFS | WORD_HELD, 0);
}

void block_move_end(struct block *block)
{
    step(block, BLOCK_MOVING, BLOCK_PLAIN, 0, 0);
}

static int unpin_begin(struct block *block, uint32_t never)
{
    return step(block, BLOCK_PINNED, BLOCK_UNPINNING, never, 0) ||
           step(block, BLOCK_QUARANTINED, BLOCK_UNPINNING, never, WORD_FREED);
}

int block_unpin_begin(struct block *block)
{
    return unpin_begin(block, ANY_REFS | WORD_HELD);
}

int block_lose_begin(struct block *block)
{
    return unpin_begin(block, ANY_REFS);
}

int block_recycle(struct block *block)
{
    return step(block, BLOCK_QUARANTINED, BLOCK_PINNED, ANY_APP | ANY_REFS | WORD_HELD, 0);
}

enum block_next block_kept(struct block *block)
{
    if (!step(block, BLOCK_UNPINNING, BLOCK_KEPT, 0, 0))
        step(block, BLOCK_PINNING, BLOCK_KEPT, 0, 0);
    return NEXT_NOTHING;
}

uint32_t block_ref(struct block *block)
{
    return atomic_fetch_add_explicit(&block->word, WORD_REF_ONE, memory_order_acq_rel);
}

/* Whether a freed block with this word can go: nothing refers to it any more. */
static int unused(uint32_t word)
{
    return (word & (ANY_APP | ANY_REFS | WORD_HELD)) == 0;
}

enum block_next block_pin_done(struct block *block, int pinned)
{
    uint32_t word = block_word(block);
    for (;;) {
        const int freed = (word & WORD_FREED) != 0;
        const int gone = freed && !pinned && unused(word);
        uint32_t next = with_state(word, pinned ? BLOCK_PINNED : BLOCK_PLAIN);
        if (freed && pinned)
            next = with_state(word, BLOCK_QUARANTINED) & ~WORD_FREED;
        else if (gone)
            next = with_state(word, BLOCK_GONE) & ~WORD_FREED;
        if (swap(block, &word, next))
            return gone ? NEXT_RELEASE : freed && pinned ? NEXT_QUARANTINE : NEXT_NOTHING;
    }
}

enum block_next block_pin_failed(struct block *block)
{
    return block_pin_done(block, 0);
}

/* Makes a freed PLAIN block GONE once unused; shared by everything that may take the last claim away.  `word` is the
 * word to begin with, `less` what to take off it. */
static enum block_next settle(struct block *block, uint32_t less)
{
    uint32_t word = block_word(block);
    for (;;) {
        const uint32_t left = word - less;
        const int gone = WORD_STATE(left) == BLOCK_PLAIN && (left & WORD_FREED) && unused(left);
        if (swap(block, &word, gone ? with_state(left, BLOCK_GONE) & ~WORD_FREED : left)) {
            if (less >= WORD_REF_ONE && WORD_REFS(left) == 0)
                prim_wake(&block->word);
            return gone ? NEXT_RELEASE : NEXT_NOTHING;
        }
    }
}

enum block_next block_unpin_done(struct block *block)
{
    step(block, BLOCK_UNPINNING, BLOCK_PLAIN, 0, 0);
    return settle(block, 0);
}

enum block_next block_free(struct block *block)
{
    uint32_t word = block_word(block);
    for (;;) {
        uint32_t next = word | WORD_FREED;
        if (word_is_free(word) || WORD_STATE(word) == BLOCK_QUARANTINED || (word & WORD_FREED))
            return NEXT_NOTHING; /* freed twice: the program's error, and not one to make worse */
        if (WORD_STATE(word) == BLOCK_PINNED)
            next = with_state(word, BLOCK_QUARANTINED);
        else if (WORD_STATE(word) == BLOCK_PLAIN && unused(word))
            next = with_state(word, BLOCK_GONE);
        if (!swap(block, &word, next))
            continue;
        if (WORD_STATE(next) == BLOCK_GONE)
            return NEXT_RELEASE;
        return WORD_STATE(next) == BLOCK_QUARANTINED ? NEXT_QUARANTINE : NEXT_NOTHING;
    }
}

enum block_next block_unref(struct block *block)
{
    return settle(block, WORD_REF_ONE);
}

enum block_next block_app_drop(struct block *block)
{
    return WORD_APP(block_word(block)) ? settle(block, WORD_APP_ONE) : NEXT_NOTHING;
}

void block_app_add(struct block *block)
{
    uint32_t word = block_word(block);
    while (WORD_APP(word) < 255u && !swap(block, &word, word + WORD_APP_ONE))
        ;
}

void block_hold(struct block *block)
{
    atomic_fetch_or_explicit(&block->word, WORD_HELD, memory_order_acq_rel);
}
