/* Policies to compare with.  Each pins at a block's Nth copy, at its end as autopin does (rule 21: the copy itself goes
 * on unpinned); freed pinned blocks stay pinned and serve the next of their class; under the cap the least recently
 * used goes. */
#include "trace.h"

#include <stdlib.h>

const char *const rival_name[RIVAL_COUNT] = {"never", "all", "fill", "after 2", "after 10"};
static const unsigned pin_at[RIVAL_COUNT] = {0, 1, 1, 2, 10};

struct slot {
    uint64_t bytes, used; /* used: the event at which */
    uint32_t size_class;
    unsigned copies;
    int pinned, free;
};

struct run {
    const struct trace *trace;
    const struct lives *lives;
    enum rival rival;
    struct slot *slot; /* as many as there are blocks */
    unsigned n_slots;
    unsigned *serving; /* block → slot */
    uint64_t pinned_bytes;
    struct outcome *out;
};

/* The pinned slot used longest ago, those of freed blocks first where the rest may not go; NULL: none. */
static struct slot *victim(struct run *run, const struct slot *not_this)
{
    struct slot *found = NULL;
    for (unsigned i = 0; i < run->n_slots; i++) {
        struct slot *slot = &run->slot[i];
        if (slot->pinned && slot != not_this && (run->rival != RIVAL_FILL || slot->free) &&
            (!found || slot->used < found->used))
            found = slot;
    }
    return found;
}

static int make_room(struct run *run, const struct slot *slot)
{
    if (slot->bytes > run->trace->cap_bytes)
        return 0;
    while (run->pinned_bytes + slot->bytes > run->trace->cap_bytes) {
        struct slot *gone = victim(run, slot);
        if (!gone)
            return 0;
        gone->pinned = 0;
        run->pinned_bytes -= gone->bytes;
        run->out->unpinning += unpin_ns(run->trace->machine, gone->bytes);
        run->out->unpins++;
    }
    return 1;
}

static void pin(struct run *run, struct slot *slot, uint64_t resident)
{
    if (!make_room(run, slot))
        return;
    slot->pinned = 1;
    run->pinned_bytes += slot->bytes;
    run->out->pinning += pin_ns(run->trace->machine, slot->bytes, resident);
    run->out->pins++;
}

static void run_alloc(struct run *run, const struct event *event)
{
    struct slot *best = NULL;
    const uint32_t size_class = class_of(event->amount);
    for (unsigned i = 0; i < run->n_slots; i++) {
        struct slot *slot = &run->slot[i];
        if (slot->free && slot->size_class == size_class && (!slot->pinned || slot->bytes >= event->amount) &&
            (!best || slot->pinned > best->pinned || (slot->pinned == best->pinned && slot->used > best->used)))
            best = slot;
    }
    if (!best)
        best = &run->slot[run->n_slots++];
    if (!best->pinned)
        best->bytes = event->amount;
    best->size_class = size_class;
    best->copies = 0;
    best->free = 0;
    run->serving[event->block] = (unsigned)(best - run->slot);
}

static void run_copy(struct run *run, const struct event *event, unsigned at)
{
    struct slot *slot = &run->slot[run->serving[event->block]];
    slot->used = at;
    slot->copies++;
    if (slot->pinned)
        return;
    run->out->excess += excess_ns(run->trace->machine, event->dir, event->amount);
    if (pin_at[run->rival] && slot->copies >= pin_at[run->rival])
        pin(run, slot, run->lives->life[event->block].resident);
}

void replay_rival(const struct trace *trace, enum rival rival, struct outcome *outcome)
{
    struct lives lives;
    struct run run = {.trace = trace, .lives = &lives, .rival = rival, .out = outcome};
    *outcome = (struct outcome){0};
    lives_make(&lives, trace);
    run.slot = must_have(trace->n_blocks, sizeof *run.slot);
    run.serving = must_have(trace->n_blocks, sizeof *run.serving);
    for (unsigned i = 0; i < trace->n_events; i++) {
        const struct event *event = &trace->event[i];
        if (event->kind == EVENT_ALLOC)
            run_alloc(&run, event);
        else if (event->kind == EVENT_COPY)
            run_copy(&run, event, i);
        else if (event->kind == EVENT_FREE)
            run.slot[run.serving[event->block]].free = 1;
    }
    free(run.slot);
    free(run.serving);
    lives_drop(&lives);
}
