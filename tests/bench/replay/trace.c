/* Traces and what things cost: see trace.h. */
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE = 4096,
    GRANULE_LOG2 = 16,
};

void *must_have(size_t count, size_t bytes)
{
    void *mem = calloc(count ? count : 1, bytes);
    if (!mem) {
        fputs("replay: no memory\n", stderr);
        exit(2);
    }
    return mem;
}

void trace_make(struct trace *trace, const struct family *family, const struct machine *machine, unsigned seed)
{
    *trace =
        (struct trace){.family = family->name, .seed = seed, .machine = machine, .cap_bytes = UINT64_MAX, .room = 1024};
    trace->event = must_have(trace->room, sizeof *trace->event);
    family->make(trace);
}

void trace_drop(struct trace *trace)
{
    free(trace->event);
}

uint64_t copy_ns(const struct machine *machine, int dir, int direct, uint64_t bytes)
{
    double ps = machine->plain_ps[dir];
    if (machine->staged_ps[dir] > 0 && machine->staged_ps[dir] < ps)
        ps = machine->staged_ps[dir];
    if (direct)
        ps = machine->direct_ps[dir];
    return machine->latency_ns + (uint64_t)(ps * (double)bytes / 1000.0);
}

uint64_t excess_ns(const struct machine *machine, int dir, uint64_t bytes)
{
    const uint64_t unpinned = copy_ns(machine, dir, 0, bytes), direct = copy_ns(machine, dir, 1, bytes);
    return unpinned > direct ? unpinned - direct : 0;
}

uint64_t pin_ns(const struct machine *machine, uint64_t bytes, uint64_t resident)
{
    const uint64_t pages = (bytes + PAGE - 1) / PAGE, present = resident < bytes ? resident / PAGE : pages;
    return present * machine->resident_page_ns + (pages - present) * machine->absent_page_ns;
}

uint64_t unpin_ns(const struct machine *machine, uint64_t bytes)
{
    return (bytes + PAGE - 1) / PAGE * machine->unpin_page_ns;
}

uint32_t class_of(uint64_t bytes)
{
    const uint64_t granules = (bytes + (1u << GRANULE_LOG2) - 1) >> GRANULE_LOG2;
    const unsigned log2 = granules < 16 ? 3 : 63u - (unsigned)__builtin_clzll(granules);
    const unsigned shift = log2 - 3;
    return (uint32_t)(shift * 8 + ((granules + (1ull << shift) - 1) >> shift));
}

static void note_event(struct lives *lives, unsigned *filled, const struct trace *trace, unsigned at)
{
    const struct event *event = &trace->event[at];
    struct life *life = &lives->life[event->block];
    if (event->kind == EVENT_ALLOC) {
        life->bytes = event->amount;
        life->resident = event->amount * event->touched / 100;
        life->born = at;
        life->freed = trace->n_events;
    } else if (event->kind == EVENT_FREE) {
        life->freed = at;
    } else if (event->kind == EVENT_COPY) {
        if (filled[event->block] == 0 && life->resident < event->amount)
            life->resident = event->amount;
        lives->copy[life->first + filled[event->block]++] = at;
    }
}

void lives_make(struct lives *lives, const struct trace *trace)
{
    unsigned *filled = must_have(trace->n_blocks, sizeof *filled);
    *lives = (struct lives){.life = must_have(trace->n_blocks, sizeof *lives->life)};
    for (unsigned i = 0; i < trace->n_events; i++)
        if (trace->event[i].kind == EVENT_COPY)
            lives->life[trace->event[i].block].n_copies++;
    for (unsigned i = 0; i < trace->n_blocks; i++) {
        lives->life[i].first = lives->n_copies;
        lives->n_copies += lives->life[i].n_copies;
    }
    lives->copy = must_have(lives->n_copies, sizeof *lives->copy);
    for (unsigned i = 0; i < trace->n_events; i++)
        note_event(lives, filled, trace, i);
    free(filled);
}

void lives_drop(struct lives *lives)
{
    free(lives->life);
    free(lives->copy);
}
