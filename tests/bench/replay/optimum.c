/* The least that any plan can cost where the cap does not bind, knowing the future: exact.
 *
 * A pin begins at the end of a copy (rule 21), and pinned memory costs nothing more.  So a plan says of each block that
 * gets no pinned slot whether its own is pinned, and then best at the end of its first copy; a pinned slot that is
 * freed serves the next block of its class, whether that needs it or not.  Classes have nothing to do with each other.
 * The births and deaths of a class are gone through once, with the least cost of every state: how many pinned slots are
 * free, and which of the blocks whose slot will be used again have a pinned one. */
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BITS = 10, /* blocks alive at once whose slots will be used again */
    FREE_MOST = 24,
    SHAPES = 1 << BITS,
};

typedef double table[FREE_MOST + 1][SHAPES];

struct search {
    const struct trace *trace;
    const struct lives *lives;
    unsigned *index, count; /* blocks of the class, in the order of birth */
    int *bit;               /* of each block of the trace; -1: its slot will not be used again */
    unsigned taken;         /* bits in use */
    table *now, *next;
};

static void lower(double *cost, double to)
{
    if (to < *cost)
        *cost = to;
}

static void clear(table *table)
{
    for (unsigned f = 0; f <= FREE_MOST; f++)
        for (unsigned shape = 0; shape < SHAPES; shape++)
            (*table)[f][shape] = 1e300;
}

/* Goes through all states of one event: step() says where each leads. */
static void advance(struct search *search, void (*step)(struct search *, unsigned, unsigned, double, unsigned),
                    unsigned block)
{
    clear(search->next);
    for (unsigned f = 0; f <= FREE_MOST; f++)
        for (unsigned shape = 0; shape < SHAPES; shape++)
            if ((*search->now)[f][shape] < 1e299)
                step(search, f, shape, (*search->now)[f][shape], block);
    table *swap = search->now;
    search->now = search->next;
    search->next = swap;
}

static void birth(struct search *search, unsigned f, unsigned shape, double cost, unsigned block)
{
    const struct life *life = &search->lives->life[block];
    const unsigned pinned = search->bit[block] < 0 ? shape : shape | 1u << search->bit[block];
    double sum = 0, first = 0;
    if (f > 0) {
        lower(&(*search->next)[f - 1][pinned], cost);
        return;
    }
    for (unsigned i = 0; i < life->n_copies; i++) {
        const struct event *event = &search->trace->event[search->lives->copy[life->first + i]];
        sum += (double)excess_ns(search->trace->machine, event->dir, event->amount);
        first = i ? first : sum;
    }
    lower(&(*search->next)[f][shape], cost + sum);
    if (life->n_copies)
        lower(&(*search->next)[f][pinned],
              cost + first + (double)pin_ns(search->trace->machine, life->bytes, life->resident));
}

static void death(struct search *search, unsigned f, unsigned shape, double cost, unsigned block)
{
    const unsigned bit = 1u << search->bit[block];
    const unsigned more = (shape & bit) && f < FREE_MOST;
    lower(&(*search->next)[f + more][shape & ~bit], cost);
}

/* Gives the block a bit if its slot will be used again. */
static void note_birth(struct search *search, unsigned which)
{
    const unsigned last = search->lives->life[search->index[search->count - 1]].born;
    const unsigned block = search->index[which];
    search->bit[block] = -1;
    if (search->lives->life[block].freed > last)
        return;
    int bit = 0;
    while (search->taken >> bit & 1)
        bit++;
    if (bit >= BITS) {
        fputs("replay: too many blocks are alive at once for the optimum\n", stderr);
        exit(2);
    }
    search->taken |= 1u << bit;
    search->bit[block] = bit;
}

/* What the blocks of one class cost at least. */
static double class_cost(struct search *search)
{
    double least = 1e300;
    clear(search->now);
    (*search->now)[0][0] = 0;
    search->taken = 0;
    for (unsigned i = 0, dead = 0; i < search->count; i++) {
        const unsigned at = search->lives->life[search->index[i]].born;
        for (dead = 0; dead < i; dead++) { /* those that died since the last birth */
            const unsigned block = search->index[dead];
            if (search->bit[block] >= 0 && search->lives->life[block].freed < at) {
                advance(search, death, block);
                search->taken &= ~(1u << search->bit[block]);
                search->bit[block] = -1;
            }
        }
        note_birth(search, i);
        advance(search, birth, search->index[i]);
    }
    for (unsigned f = 0; f <= FREE_MOST; f++)
        for (unsigned shape = 0; shape < SHAPES; shape++)
            lower(&least, (*search->now)[f][shape]);
    return least;
}

/* All blocks of the class of block `from`, if that is the first of them. */
static void find_members(struct search *search, unsigned from)
{
    search->count = 0;
    for (unsigned i = 0; i < search->trace->n_blocks; i++) {
        if (class_of(search->lives->life[i].bytes) != class_of(search->lives->life[from].bytes))
            continue;
        if (i < from)
            return;
        search->index[search->count++] = i;
    }
}

uint64_t optimum_ns(const struct trace *trace, const struct lives *lives)
{
    double sum = 0;
    struct search search = {.trace = trace, .lives = lives};
    search.index = must_have(trace->n_blocks, sizeof *search.index);
    search.bit = must_have(trace->n_blocks, sizeof *search.bit);
    search.now = must_have(1, sizeof *search.now);
    search.next = must_have(1, sizeof *search.next);
    for (unsigned i = 0; i < trace->n_blocks; i++) {
        find_members(&search, i);
        if (search.count)
            sum += class_cost(&search);
    }
    free(search.index);
    free(search.bit);
    free(search.now);
    free(search.next);
    return (uint64_t)sum;
}
