/* The free slots that were used last.  See arena_hot.h. */
#define _GNU_SOURCE
#include "arena_hot.h"

#include <sched.h>
#include <stdatomic.h>

enum {
    PROCESSORS = 64, /* those beyond share places */
    PLACES = 16,     /* of a processor: two cache lines */
};

typedef struct block *_Atomic place;

static struct processor {
    _Alignas(64) place place[PLACES];
} processors[PROCESSORS];
static _Atomic unsigned n_processors; /* up to the last that was ever used */

/* Neighbouring classes have different places, and so have powers of two, which are eight classes apart. */
static place *place_of(unsigned processor, uint32_t size_class)
{
    return &processors[processor].place[(size_class + size_class / 8) % PLACES];
}

static unsigned here(void)
{
    return (unsigned)sched_getcpu() % PROCESSORS;
}

/* From now on the searches look at this processor. */
static unsigned used(unsigned processor)
{
    unsigned known = atomic_load_explicit(&n_processors, memory_order_relaxed);
    while (known <= processor && !atomic_compare_exchange_weak(&n_processors, &known, processor + 1))
        ;
    return processor;
}

static place *place_here(uint32_t size_class)
{
    return place_of(used(here()), size_class);
}

static struct block *look(place *place)
{
    return atomic_load_explicit(place, memory_order_acquire);
}

static int swap(place *place, struct block *from, struct block *to)
{
    return atomic_compare_exchange_strong(place, &from, to) != 0;
}

/* It is in no place any more.  Returns it when it is the caller's now; else it is in use. */
static struct block *displaced(struct block *block, size_t *credit)
{
    if (block_displace(block))
        return block;
    *credit += block->slot_bytes;
    return NULL;
}

struct block *hot_here(uint32_t size_class)
{
    struct block *block = look(place_of(here(), size_class));
    return block && block->size_class == size_class ? block : NULL;
}

static int is_ready(const struct block *block, uint32_t least, uint32_t most)
{
    return block && block->size_class >= least && block->size_class <= most && block_state(block) == BLOCK_READY;
}

/* The smallest of such blocks in this processor's places. */
static struct block *nearest(unsigned processor, uint32_t least, uint32_t most)
{
    struct block *found = NULL;
    for (place *place = processors[processor].place, *end = place + PLACES; place < end; place++) {
        struct block *block = look(place);
        if (is_ready(block, least, most)) {
            found = block;
            most = block->size_class - 1;
        }
    }
    return found;
}

struct block *hot_take_near(uint32_t least, uint32_t most)
{
    struct block *block = nearest(here(), least, most);
    return block && block_lift(block) ? block : NULL;
}

/* Every place that has ever been used: all of them, from *at on.  NULL: there are no more. */
static place *next_place(unsigned *at)
{
    const unsigned i = (*at)++;
    return i < atomic_load(&n_processors) * PLACES ? &processors[i / PLACES].place[i % PLACES] : NULL;
}

struct block *hot_lift(unsigned *at)
{
    place *place;
    while ((place = next_place(at))) {
        struct block *block = look(place);
        if (block && block_lift(block))
            return block;
    }
    return NULL;
}

struct block *hot_take_any(uint32_t least, uint32_t most, size_t *credit)
{
    place *place;
    for (unsigned at = 0; (place = next_place(&at));) {
        struct block *block = look(place);
        if (is_ready(block, least, most) && swap(place, block, NULL) && (block = displaced(block, credit)))
            return block;
    }
    return NULL;
}

int hot_adopt(struct block *block)
{
    if (!block_place(block))
        return 0;
    if (swap(place_here(block->size_class), NULL, block))
        return 1;
    (void)block_displace(block);
    return 0;
}

struct block *hot_put(struct block *block, size_t *credit)
{
    if (!block_lay(block))
        return block; /* claimed by somebody who should not */
    struct block *before = atomic_exchange(place_here(block->size_class), block);
    return before ? displaced(before, credit) : NULL;
}

size_t hot_take_credits(size_t bytes, struct block **freed)
{
    size_t found = 0;
    place *place;
    for (unsigned at = 0; found < bytes && (place = next_place(&at));) {
        struct block *block = look(place);
        if (!block || block_state(block) == BLOCK_READY || !swap(place, block, NULL) || !displaced(block, &found))
            continue;
        block->next = *freed;
        *freed = block;
    }
    return found;
}

size_t hot_credits(size_t bytes)
{
    size_t found = 0;
    place *place;
    for (unsigned at = 0; found < bytes && (place = next_place(&at));) {
        const struct block *block = look(place);
        if (block && block_state(block) != BLOCK_READY)
            found += block->slot_bytes;
    }
    return found;
}

unsigned hot_processors(void)
{
    const unsigned n = atomic_load_explicit(&n_processors, memory_order_relaxed);
    return n ? n : 1;
}
