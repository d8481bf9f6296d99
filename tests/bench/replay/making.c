/* What the families of traces are made with: see making.h.  xorshift64* for random numbers. */
#include "making.h"

#include <stdlib.h>
#include <string.h>

static uint64_t random_state;

uint64_t draw(uint64_t least, uint64_t most)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return least + (random_state * 0x2545F4914F6CDD1Dull >> 16) % (most - least + 1);
}

void begin(const struct trace *trace)
{
    random_state = (trace->seed + 1) * 0x9E3779B97F4A7C15ull;
    for (int i = 0; i < 8; i++)
        (void)draw(0, 1);
}

uint64_t draw_size(uint64_t least, uint64_t most)
{
    uint64_t bytes = draw(least, most) * MIB;
    while (class_of(bytes) == class_of(bytes + MIB))
        bytes += MIB;
    return bytes;
}

uint32_t alloc_touched(struct trace *trace, unsigned site, uint64_t bytes, unsigned percent)
{
    trace_add(
        trace,
        &(struct event){
            .kind = EVENT_ALLOC, .touched = (uint8_t)percent, .site = site, .block = trace->n_blocks, .amount = bytes});
    return trace->n_blocks++;
}

uint32_t alloc(struct trace *trace, unsigned site, uint64_t bytes)
{
    return alloc_touched(trace, site, bytes, 100);
}

void copy(struct trace *trace, uint32_t block, int dir, uint64_t bytes)
{
    trace_add(trace, &(struct event){.kind = EVENT_COPY, .dir = (uint8_t)dir, .block = block, .amount = bytes});
}

void drop(struct trace *trace, uint32_t block)
{
    trace_add(trace, &(struct event){.kind = EVENT_FREE, .block = block});
}

void compute(struct trace *trace, uint64_t ns)
{
    trace_add(trace, &(struct event){.kind = EVENT_TIME, .amount = ns});
}

uint64_t set_bytes(const struct set *set)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < set->count; i++)
        sum += set->bytes[i];
    return sum;
}

void set_make(struct trace *trace, struct set *set, unsigned site, unsigned count, uint64_t least, uint64_t most)
{
    set->count = count;
    for (unsigned i = 0; i < count; i++) {
        set->bytes[i] = draw_size(least, most);
        set->block[i] = alloc(trace, site, set->bytes[i]);
    }
}

void set_use(struct trace *trace, const struct set *set, unsigned rounds, int dir, uint64_t pause_ns)
{
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < set->count; i++)
            copy(trace, set->block[i], dir, set->bytes[i]);
        compute(trace, pause_ns);
    }
}

void set_drop(struct trace *trace, const struct set *set)
{
    for (unsigned i = 0; i < set->count; i++)
        drop(trace, set->block[i]);
}
