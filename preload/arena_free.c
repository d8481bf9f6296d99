/* Free slots: per class, those still resident and those empty; the ones used last are in arena_hot.c.  See arena.h.
 * How much stays resident: arena_keep.c.  Lock: RANK_CLASS, one per class; no system call under it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena_hot.h"
#include "arena_int.h"
#include "policy/engine.h"
#include "policy/lock.h"

enum {
    CLASSES_PER_OCTAVE = 8, /* arena_class() */
    FITS_CLASSES = 3 * CLASSES_PER_OCTAVE,
    WORTH_CLASSES = 2 * CLASSES_PER_OCTAVE
};

struct size_class {
    struct lock lock;
    struct block *resident, *empty;
};

static struct size_class classes[ENGINE_CLASSES] = {[0 ... ENGINE_CLASSES - 1] = {.lock = LOCK_OF(RANK_CLASS)}};
static _Atomic size_t kept_bytes; /* of whole slots: resident ones, and credits (arena_hot.h) */
static _Atomic uint32_t shed_at;  /* the class to look at first when something has to go */

static struct block *pop(struct block **list)
{
    struct block *block = *list;
    *list = block ? block->next : NULL;
    return block;
}

static void push(struct size_class *class, struct block **list, struct block *block)
{
    lock_take(&class->lock);
    block->next = *list;
    *list = block;
    lock_drop(&class->lock);
}

/* Its bytes still count as kept. */
static struct block *take_resident(struct size_class *class)
{
    if (!class->resident)
        return NULL;
    lock_take(&class->lock);
    struct block *block = pop(&class->resident);
    lock_drop(&class->lock);
    return block;
}

/* From a processor's place; its bytes still count as kept. */
static struct block *take_any(uint32_t least, uint32_t most)
{
    size_t credit = 0;
    struct block *block = hot_take_any(least, most, &credit);
    if (credit)
        atomic_fetch_sub(&kept_bytes, credit);
    return block;
}

/* A resident slot of this class, or of one that is at most eight times as large: glibc, too, serves a small block from
 * where a larger one was.  With twice instead, blocks of random sizes (tests/bench/alloc/churn.c) take a quarter to two
 * thirds more page faults, and up to three times as many pages have to be moved. */
static struct block *take_fitting(uint32_t index)
{
    const uint32_t most = index + FITS_CLASSES;
    struct block *block = take_resident(&classes[index]);
    if (!block && (block = hot_take_near(index, most)))
        return block;
    for (uint32_t at = index + 1; !block && at <= most && at < ENGINE_CLASSES; at++)
        block = take_resident(&classes[at]);
    if (!block)
        block = take_any(index, most);
    if (block && !hot_adopt(block))
        atomic_fetch_sub(&kept_bytes, block->slot_bytes);
    return block;
}

static void let_go(struct block *block)
{
    atomic_fetch_sub(&kept_bytes, block->slot_bytes);
    arena_surplus_end(block);
    arena_drop_pages(block);
    push(&classes[block->size_class], &classes[block->size_class].empty, block);
}

/* The largest resident slot that is smaller, but not too small to be worth it. */
static struct block *take_smaller(uint32_t index)
{
    const uint32_t least = index > WORTH_CLASSES ? index - WORTH_CLASSES : 0;
    struct block *from = NULL;
    for (uint32_t at = index; !from && at-- > least;)
        from = take_resident(&classes[at]);
    return from || index == 0 ? from : take_any(least, index - 1);
}

/* Moves the resident pages of smaller free slots to the beginning of an empty one, so that they need not be faulted in
 * again: where glibc would let its heap grow, or join what lies side by side in it. */
static void inherit(struct block *block)
{
    const size_t page = (size_t)getpagesize();
    struct block *from;
    size_t at = 0;
    while (at < block->slot_bytes && !block->tainted && (from = take_smaller(block->size_class))) {
        const size_t has = (from->resident_bytes + page - 1) & ~(page - 1), room = block->slot_bytes - at;
        const size_t bytes = has < room ? has : room;
        const int rc = arena_move_pages(from, bytes, block, at);
        if (rc == -EINVAL) {
            push(&classes[from->size_class], &classes[from->size_class].resident, from);
            return;
        }
        if (rc == 0) {
            block->dirty = 1;
            block->fresh = 0;
            block->resident_bytes = at += bytes;
        } else {
            at = block->slot_bytes;
        }
        let_go(from);
    }
}

void arena_shed(void)
{
    struct block *block;
    while ((block = take_any(0, ENGINE_CLASSES)))
        let_go(block);
    for (struct size_class *each = classes; each < classes + ENGINE_CLASSES; each++)
        while ((block = take_resident(each)))
            let_go(block);
}

/* Lets all free slots go, and the right to write to them: what may be written counts where memory is limited
 * (RLIMIT_DATA, overcommit 2). */
static void revoke_free(void)
{
    struct block *block, *next;
    arena_shed();
    for (struct size_class *each = classes; each < classes + ENGINE_CLASSES; each++) {
        lock_take(&each->lock);
        block = each->empty;
        each->empty = NULL;
        lock_drop(&each->lock);
        for (; block; block = next) {
            next = block->next;
            arena_revoke(block);
            push(each, &each->empty, block);
        }
    }
}

/* An empty slot, readable and writable. */
static struct block *take_empty(uint32_t index)
{
    struct size_class *class = &classes[index];
    lock_take(&class->lock);
    struct block *block = pop(&class->empty);
    lock_drop(&class->lock);
    if (!block)
        block = arena_carve(index);
    if (block && arena_commit(block))
        revoke_free();
    if (block && arena_commit(block)) {
        push(class, &class->empty, block);
        block = NULL;
    }
    return block;
}

struct block *arena_take_empty(uint32_t index)
{
    struct block *block = index < ENGINE_CLASSES ? take_empty(index) : NULL;
    if (block)
        block->fresh = 1;
    return block;
}

int arena_fits(const struct block *block, uint32_t size_class)
{
    return block->size_class - size_class <= FITS_CLASSES;
}

void arena_serves(struct block *block, uint32_t size_class)
{
    const size_t bytes = arena_class_bytes(size_class);
    const size_t surplus = block->resident_bytes > bytes ? block->resident_bytes - bytes : 0;
    if (surplus != block->surplus_bytes)
        arena_surplus_begin(block, bytes, arena_keep_limit());
    block->fresh = 0; /* a longer block than the last one: the end of it has never been touched, and faults */
}

struct block *arena_take(uint32_t index)
{
    struct block *block = index < ENGINE_CLASSES && atomic_load(&kept_bytes) ? take_fitting(index) : NULL;
    if (block) {
        arena_serves(block, index);
        return block;
    }
    block = arena_take_empty(index);
    if (block && atomic_load(&kept_bytes))
        inherit(block);
    if (block && block->tainted) {
        arena_give(block, 0);
        return NULL;
    }
    return block;
}

/* How much too much `bytes` more would be. */
static size_t excess(size_t bytes)
{
    const size_t kept = atomic_load(&kept_bytes) + bytes, limit = arena_keep_limit();
    return kept > limit ? kept - limit : 0;
}

/* Lets credits go, then resident slots of other classes, until `bytes` more fit; a program that changed its sizes left
 * them behind. */
static int shed(size_t bytes)
{
    struct block *block, *freed = NULL;
    atomic_fetch_sub(&kept_bytes, hot_take_credits(excess(bytes), &freed));
    while ((block = pop(&freed)))
        let_go(block);
    for (int i = 0; i < ENGINE_CLASSES && excess(bytes); i++)
        if ((block = take_resident(&classes[atomic_fetch_add(&shed_at, 1) % ENGINE_CLASSES])))
            let_go(block);
    while (excess(bytes) && (block = take_any(0, ENGINE_CLASSES)))
        let_go(block);
    return excess(bytes) == 0;
}

/* Whether a freed slot of this size may stay resident; counts it if so. */
static int may_keep(size_t bytes)
{
    if (bytes > ARENA_KEEP_MOST)
        return 0;
    const int fits = shed(bytes);
    arena_note_freed(bytes);
    if (fits)
        atomic_fetch_add(&kept_bytes, bytes);
    return fits;
}

/* Keeps a freed slot resident, if it may be. */
static int keep_resident(struct block *block)
{
    size_t credit = 0;
    if (!may_keep(block->slot_bytes))
        return 0;
    struct block *before = hot_put(block, &credit);
    if (before) {
        arena_surplus_end(before);
        push(&classes[before->size_class], &classes[before->size_class].resident, before);
    }
    if (credit)
        atomic_fetch_sub(&kept_bytes, credit);
    return 1;
}

int arena_keeps(const struct block *block)
{
    if (block->slot_bytes > ARENA_KEEP_MOST)
        return 0;
    const size_t more = block_word(block) & WORD_PLACED ? 0 : excess(block->bytes);
    return more == 0 || hot_credits(more) >= more;
}

void arena_give(struct block *block, int keep)
{
    struct size_class *class = &classes[block->size_class];
    arena_surplus_end(block); /* before others can have the slot */
    if (arena_note_used(block) && keep && (block_return(block) || keep_resident(block)))
        return;
    arena_drop_pages(block);
    push(class, &class->empty, block);
}

void arena_fork_take(void)
{
    arena_carve_take();
    for (int i = 0; i < ENGINE_CLASSES; i++)
        lock_take(&classes[i].lock);
}

void arena_fork_drop(void)
{
    for (int i = ENGINE_CLASSES - 1; i >= 0; i--)
        lock_drop(&classes[i].lock);
    arena_carve_drop();
}
