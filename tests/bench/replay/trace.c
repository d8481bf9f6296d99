/* Traces and what things cost: see trace.h. */
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
