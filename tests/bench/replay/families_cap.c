/* The families of traces whose cap binds. */
#include "making.h"

/* … and only one of them finds room. */
void make_turns_cap(struct trace *trace)
{
    make_turns(trace);
    uint64_t sum = 0;
    for (unsigned i = 0; i < trace->n_blocks; i++)
        sum += 16 * MIB;
    trace->cap_bytes = sum / 2 + 16 * MIB * (trace->seed % 2);
}

/* … of which the cap holds about half at once. */
void make_temporaries_cap(struct trace *trace)
{
    struct set set;
    begin(trace);
    const uint64_t size = draw(4, 32);
    for (unsigned step = 0; step < 150; step++) {
        set_make(trace, &set, 1, 6, size, size);
        set_use(trace, &set, 2, 0, MS);
        set_drop(trace, &set);
    }
    trace->cap_bytes = 3 * set_bytes(&set) / set.count;
}

/* Blocks in turn, one (or a few) more than there is room for. */
void make_thrash_cap(struct trace *trace)
{
    struct set set;
    begin(trace);
    const unsigned count = (unsigned)draw(5, 24), over = 1 + trace->seed % 3;
    set_make(trace, &set, 1, count, 16, 16);
    set_use(trace, &set, 120, 0, 10 * MS);
    trace->cap_bytes = (count - over) * 16 * MIB;
}

/* … and there is room for one set at a time. */
void make_phases_cap(struct trace *trace)
{
    make_phases(trace);
    trace->cap_bytes = 6 * 16 * MIB + draw(0, 2) * 16 * MIB;
}

/* A few blocks are copied often and most seldom, in no order; a third of them find room. */
void make_uneven_cap(struct trace *trace)
{
    struct set set;
    begin(trace);
    set_make(trace, &set, 1, 60, 4, 24);
    for (unsigned i = 0; i < 5000; i++) {
        const unsigned which = (unsigned)(draw(0, 59) * draw(0, 59) / 59 * draw(0, 59) / 59);
        copy(trace, set.block[which], 0, set.bytes[which]);
        compute(trace, MS);
    }
    trace->cap_bytes = set_bytes(&set) / 3;
}

/* Weights are copied twice and fill the cap, before the buffers that are copied in every step appear. */
void make_latecomers_cap(struct trace *trace)
{
    struct set weights, batch;
    begin(trace);
    set_make(trace, &weights, 1, 40, 8, 24);
    set_use(trace, &weights, 3, 0, 10 * MS);
    set_make(trace, &batch, 2, 6, 8, 24);
    set_use(trace, &batch, 200, 0, 20 * MS);
    trace->cap_bytes = set_bytes(&weights) * 2 / 3;
}

/* A few blocks fill the cap and are never copied again; those that come then are more than find room. */
void make_stale_cap(struct trace *trace)
{
    struct set stale, batch;
    begin(trace);
    set_make(trace, &stale, 1, 5, 16, 16);
    set_use(trace, &stale, 4, 0, 10 * MS);
    set_make(trace, &batch, 2, 6 + 7 * trace->seed, 16, 16);
    set_use(trace, &batch, 100, 0, 20 * MS);
    trace->cap_bytes = set_bytes(&stale);
}

/* … and each of them lives for one copy, or two. */
void make_stale_brief_cap(struct trace *trace)
{
    struct set stale, batch;
    begin(trace);
    set_make(trace, &stale, 1, 5, 16, 16);
    set_use(trace, &stale, 4, 0, 10 * MS);
    for (unsigned step = 0; step < 100; step++) {
        set_make(trace, &batch, 2, 6 + 7 * trace->seed, 16, 16);
        set_use(trace, &batch, 2 - trace->seed % 2, 0, MS);
        set_drop(trace, &batch);
    }
    trace->cap_bytes = set_bytes(&stale);
}
