/* The families of traces whose cap does not bind, and the table of all.  Each trace is made from a seed: sizes, counts
 * and orders vary with it. */
#include "making.h"

/* A model's weights are allocated, copied once and kept, or freed at the end. */
static void make_weights(struct trace *trace)
{
    struct set set[3];
    begin(trace);
    for (unsigned i = 0; i < 3; i++) {
        const uint64_t least = draw(1, 16);
        set_make(trace, &set[i], i, (unsigned)draw(20, 60), least, least * 3);
        set_use(trace, &set[i], 1, 0, MS);
    }
    if (trace->seed & 1)
        for (unsigned i = 0; i < 3; i++)
            set_drop(trace, &set[i]);
    compute(trace, 2000 * MS);
}

/* The same buffers go to the device in every step, and some results come back. */
static void make_training(struct trace *trace)
{
    struct set batch, loss;
    begin(trace);
    set_make(trace, &batch, 1, (unsigned)draw(2, 8), 4, 48);
    set_make(trace, &loss, 2, (unsigned)draw(1, 3), 1, 8);
    const unsigned steps = (unsigned)draw(60, 200);
    for (unsigned i = 0; i < steps; i++) {
        set_use(trace, &batch, 1, 0, 20 * MS);
        set_use(trace, &loss, 1, 1, 5 * MS);
    }
}

static void use_in_turn(struct trace *trace, const struct set *one, const struct set *other)
{
    for (unsigned phase = 0; phase < 16; phase++)
        set_use(trace, phase & 1 ? other : one, (unsigned)draw(4, 40), 0, 5 * MS);
}

/* Two models take turns. */
void make_turns(struct trace *trace)
{
    struct set one, other;
    begin(trace);
    const unsigned count = (unsigned)draw(4, 10);
    set_make(trace, &one, 1, count, 16, 16);
    set_make(trace, &other, 2, count, 16, 16);
    use_in_turn(trace, &one, &other);
}

/* Every step allocates, copies and frees. */
static void make_temporaries(struct trace *trace)
{
    struct set set;
    begin(trace);
    const unsigned count = (unsigned)draw(1, 4);
    const uint64_t size = draw(2, 64);
    for (unsigned step = 0; step < 200; step++) {
        set_make(trace, &set, 1, count, size, size);
        set_use(trace, &set, 1 + (unsigned)(trace->seed & 1), (int)(step & 1), MS);
        set_drop(trace, &set);
    }
}

/* Every block stops being copied as soon as its copies have cost what pinning costs: the worst for ski-rental. */
static void make_adversary(struct trace *trace)
{
    begin(trace);
    for (unsigned i = 0; i < 100; i++) {
        const uint64_t bytes = draw_size(2, 32);
        const uint64_t price = pin_ns(trace->machine, bytes, bytes), excess = excess_ns(trace->machine, 0, bytes);
        const uint32_t block = alloc(trace, trace->seed & 1 ? 1 : i, bytes);
        for (uint64_t paid = 0; paid < price && excess; paid += excess)
            copy(trace, block, 0, bytes);
        compute(trace, MS);
        if (draw(0, 1))
            drop(trace, block);
    }
}

/* Many small blocks, of which each is copied once, a few times or often. */
static void make_small(struct trace *trace)
{
    struct set set;
    unsigned times[MOST_BLOCKS];
    begin(trace);
    set_make(trace, &set, 1, 200, 1, 2);
    for (unsigned i = 0; i < set.count; i++)
        times[i] = 1u << draw(0, 6);
    for (unsigned round = 0; round < 64; round++) {
        for (unsigned i = 0; i < set.count; i++)
            if (round % (64 / times[i]) == i % (64 / times[i]))
                copy(trace, set.block[i], (int)(i & 1), set.bytes[i]);
        compute(trace, 20 * MS);
    }
}

/* What was hot is never used again, and something else is. */
void make_phases(struct trace *trace)
{
    struct set set;
    begin(trace);
    for (unsigned phase = 0; phase < 6; phase++) {
        set_make(trace, &set, phase % 3, 6, 16, 16);
        set_use(trace, &set, (unsigned)draw(20, 60), 0, 20 * MS);
        if (draw(0, 2))
            set_drop(trace, &set);
    }
}

/* Parts of blocks are copied, small ones and large ones; a fifth of each is never touched. */
static void make_parts(struct trace *trace)
{
    uint32_t block[12];
    uint64_t bytes[12];
    begin(trace);
    for (unsigned i = 0; i < 12; i++) {
        bytes[i] = draw_size(4, 40);
        block[i] = alloc_touched(trace, i / 4, bytes[i], 80);
    }
    for (unsigned i = 0; i < 1000; i++) {
        const unsigned which = (unsigned)(draw(0, 11) * draw(0, 11) / 11);
        copy(trace, block[which], (int)(which & 1), draw(1, 4) * bytes[which] / 4);
        compute(trace, MS);
    }
}

/* One stack allocates what is hot and what is copied once, as interpreters do. */
static void make_interpreter(struct trace *trace)
{
    struct set hot;
    begin(trace);
    set_make(trace, &hot, 1, 4, 16, 16);
    for (unsigned round = 0; round < 120; round++) {
        set_use(trace, &hot, 1, 0, 10 * MS);
        const uint32_t once = alloc(trace, 1, 16 * MIB);
        copy(trace, once, 0, 16 * MIB);
        if (draw(0, 3))
            drop(trace, once);
    }
}

const struct family families[] = {
    {"weights", 0, make_weights},
    {"training", 0, make_training},
    {"turns", 0, make_turns},
    {"temporaries", 0, make_temporaries},
    {"adversary", 0, make_adversary},
    {"small", 0, make_small},
    {"phases", 0, make_phases},
    {"parts", 0, make_parts},
    {"interpreter", 0, make_interpreter},
    {"turns-cap", 1, make_turns_cap},
    {"temporaries-cap", 1, make_temporaries_cap},
    {"thrash-cap", 1, make_thrash_cap},
    {"phases-cap", 1, make_phases_cap},
    {"uneven-cap", 1, make_uneven_cap},
    {"latecomers-cap", 1, make_latecomers_cap},
    {"stale-cap", 1, make_stale_cap},
    {"stale-brief-cap", 1, make_stale_brief_cap},
};
const unsigned n_families = sizeof families / sizeof families[0];
