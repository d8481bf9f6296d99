/* What things cost on a machine: see replay.h. */
#include "policy/replay/replay.h"

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

void trace_add(struct trace *trace, const struct event *event)
{
    if (trace->n_events == trace->room) {
        trace->room = trace->room ? trace->room * 2 : 1024;
        trace->event = realloc(trace->event, trace->room * sizeof *trace->event);
        if (!trace->event) {
            fputs("replay: no memory\n", stderr);
            exit(2);
        }
    }
    trace->event[trace->n_events++] = *event;
}

/* --- of copies that were seen --- */

/* Per byte; 0: there were none.  Of this size, else of the nearest one. */
static double seen_ps(const struct measured *measured, int dir, enum way way, unsigned log2)
{
    const double *ps = measured->ps[dir][way];
    for (unsigned apart = 0; apart < MEASURED_LOG2; apart++) {
        if (log2 + apart < MEASURED_LOG2 && ps[log2 + apart] > 0)
            return ps[log2 + apart];
        if (apart <= log2 && log2 - apart < MEASURED_LOG2 && ps[log2 - apart] > 0)
            return ps[log2 - apart];
    }
    return 0;
}

static double rate_ps(const struct machine *machine, int dir, enum way way)
{
    return way == WAY_DIRECT   ? machine->direct_ps[dir]
           : way == WAY_STAGED ? machine->staged_ps[dir]
                               : machine->plain_ps[dir];
}

/* A way that was never gone in this direction is as it was in the other one, if it was gone there. */
static double measured_ps(const struct machine *machine, int dir, enum way way, uint64_t bytes)
{
    const unsigned log2 = site_size_log2(bytes);
    double ps = seen_ps(machine->measured, dir, way, log2);
    if (ps <= 0)
        ps = seen_ps(machine->measured, !dir, way, log2);
    return ps > 0 ? ps : rate_ps(machine, dir, way);
}

enum way unpinned_way(const struct machine *machine, int dir, uint64_t bytes)
{
    const double staged = machine->staged_ps[dir];
    return staged > 0 && staged < machine->plain_ps[dir] && bytes >= machine->staging_min ? WAY_STAGED : WAY_PLAIN;
}

uint64_t copy_ns(const struct machine *machine, int dir, int direct, uint64_t bytes)
{
    const enum way way = direct ? WAY_DIRECT : unpinned_way(machine, dir, bytes);
    const double ps = machine->measured ? measured_ps(machine, dir, way, bytes) : rate_ps(machine, dir, way);
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

uint64_t outcome_copies_ns(const struct outcome *outcome)
{
    uint64_t sum = 0;
    for (int dir = 0; dir < DIR_COUNT; dir++)
        for (int way = 0; way < WAY_COUNT; way++)
            sum += outcome->copied_ns[dir][way];
    return sum;
}
