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

static void add(struct trace *trace, struct event event)
{
    if (trace->n_events == trace->room) {
        struct event *more = must_have(trace->room * 2ul, sizeof *more);
        memcpy(more, trace->event, trace->n_events * sizeof *more);
        free(trace->event);
        trace->event = more;
        trace->room *= 2;
    }
    trace->event[trace->n_events++] = event;
}

uint32_t alloc_touched(struct trace *trace, unsigned site, uint64_t bytes, unsigned percent)
{
    add(trace, (struct event){EVENT_ALLOC, 0, (uint8_t)percent, (uint16_t)site, trace->n_blocks, bytes});
    return trace->n_blocks++;
}

uint32_t alloc(struct trace *trace, unsigned site, uint64_t bytes)
{
    return alloc_touched(trace, site, bytes, 100);
}

void copy(struct trace *trace, uint32_t block, int dir, uint64_t bytes)
{
    add(trace, (struct event){EVENT_COPY, (uint8_t)dir, 0, 0, block, bytes});
}

void drop(struct trace *trace, uint32_t block)
{
    add(trace, (struct event){EVENT_FREE, 0, 0, 0, block, 0});
}

void compute(struct trace *trace, uint64_t ns)
{
    add(trace, (struct event){EVENT_TIME, 0, 0, 0, 0, ns});
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
