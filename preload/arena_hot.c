/* The free slots that were used last.  See arena_hot.h.
 *
 * A place is one word.  A compare-and-swap cannot mistake one for an earlier one: a slot's class and size never change,
 * and its credit says nothing but its size. */
#define _GNU_SOURCE
#include "arena_hot.h"

#include <sched.h>
#include <stdatomic.h>

enum {
    PROCESSORS = 64, /* those beyond share places */
    PLACES = 8,      /* of a processor: one cache line */
    CREDIT = 1
};

static struct processor {
    _Alignas(64) _Atomic uintptr_t place[PLACES];
} processors[PROCESSORS];
static _Atomic unsigned n_processors; /* up to the last that was ever used */

/* Neighbouring classes have different places, and so have powers of two, which are a multiple of PLACES apart. */
static _Atomic uintptr_t *place_of(unsigned processor, uint32_t size_class)
{
    return &processors[processor].place[(size_class + size_class / PLACES) % PLACES];
}

static unsigned here(void)
{
    return (unsigned)sched_getcpu() % PROCESSORS;
}

static int is_block(uintptr_t word)
{
    return word && !(word & CREDIT);
}

static struct block *block_of(uintptr_t word)
{
    return (struct block *)word; /* NOLINT(performance-no-int-to-ptr) */
}

static uintptr_t credit_of(const struct block *block)
{
    return block->slot_bytes | CREDIT;
}

static int swap(_Atomic uintptr_t *place, uintptr_t from, uintptr_t to)
{
    return atomic_compare_exchange_strong_explicit(place, &from, to, memory_order_acq_rel, memory_order_relaxed);
}

/* From now on the searches look at this processor. */
static unsigned used(unsigned processor)
{
    unsigned known = atomic_load_explicit(&n_processors, memory_order_relaxed);
    while (known <= processor && !atomic_compare_exchange_weak(&n_processors, &known, processor + 1))
        ;
    return processor;
}

struct block *hot_take_here(uint32_t size_class)
{
    _Atomic uintptr_t *place = place_of(here(), size_class);
    const uintptr_t word = atomic_load_explicit(place, memory_order_acquire);
    struct block *block = is_block(word) ? block_of(word) : NULL;
    return block && block->size_class == size_class && swap(place, word, credit_of(block)) ? block : NULL;
}

static int is_within(uintptr_t word, uint32_t least, uint32_t most)
{
    return is_block(word) && block_of(word)->size_class >= least && block_of(word)->size_class <= most;
}

struct block *hot_take_any(uint32_t least, uint32_t most)
{
    const unsigned end = atomic_load(&n_processors) * PLACES;
    for (unsigned i = 0; i < end; i++) {
        _Atomic uintptr_t *place = &processors[i / PLACES].place[i % PLACES];
        const uintptr_t word = atomic_load_explicit(place, memory_order_acquire);
        if (is_within(word, least, most) && swap(place, word, 0))
            return block_of(word);
    }
    return NULL;
}

struct block *hot_take_near(uint32_t least, uint32_t most)
{
    struct processor *const processor = &processors[here()];
    for (_Atomic uintptr_t *place = processor->place; place < processor->place + PLACES; place++) {
        const uintptr_t word = atomic_load_explicit(place, memory_order_acquire);
        if (is_within(word, least, most) && swap(place, word, credit_of(block_of(word))))
            return block_of(word);
    }
    return NULL;
}

int hot_adopt(struct block *block)
{
    const unsigned processor = used(here());
    block->home = (uint8_t)processor;
    return swap(place_of(processor, block->size_class), 0, credit_of(block));
}

int hot_return(struct block *block)
{
    return swap(place_of(block->home, block->size_class), credit_of(block), (uintptr_t)block);
}

struct block *hot_put(struct block *block, size_t *credit)
{
    const unsigned processor = used(here());
    block->home = (uint8_t)processor;
    const uintptr_t before = atomic_exchange(place_of(processor, block->size_class), (uintptr_t)block);
    if (is_block(before))
        return block_of(before);
    *credit += before & ~(uintptr_t)CREDIT;
    return NULL;
}

/* Looks at credits until there are `bytes`; takes them if so asked. */
static size_t credits(size_t bytes, int take)
{
    const unsigned end = atomic_load(&n_processors) * PLACES;
    size_t found = 0;
    for (unsigned i = 0; i < end && found < bytes; i++) {
        _Atomic uintptr_t *place = &processors[i / PLACES].place[i % PLACES];
        const uintptr_t word = atomic_load_explicit(place, memory_order_relaxed);
        if ((word & CREDIT) && (!take || swap(place, word, 0)))
            found += word & ~(uintptr_t)CREDIT;
    }
    return found;
}

size_t hot_take_credits(size_t bytes)
{
    return credits(bytes, 1);
}

size_t hot_credits(size_t bytes)
{
    return credits(bytes, 0);
}

int hot_awaits(const struct block *block)
{
    return atomic_load_explicit(place_of(block->home, block->size_class), memory_order_relaxed) == credit_of(block);
}
