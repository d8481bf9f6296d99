/* The policy's own code on a trace: policy/prim.h over a virtual clock and a machine that only counts.
 *
 * Blocks have no memory.  Each run is a process of its own (process.c), since the engine, the sites and the costs are
 * kept in static variables. */
#include "policy/cost.h"
#include "policy/decide.h"
#include "policy/engine.h"
#include "policy/ledger.h"
#include "policy/options.h"
#include "policy/prim.h"
#include "policy/replay/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    AGAIN_PLAYED = 4 /* as many blocks as a decision counts of a site: see policy/engine_lists.c */
};

/* A slot as the world sees it: the program's block, and what is really so. */
struct slot {
    struct block block;     /* first, so that one is the other */
    uint64_t resident;      /* from its start */
    uint64_t locked_from;   /* when its pin ends, in the background */
    struct slot *next_free; /* in its class */
};

static struct {
    const struct trace *trace;
    enum how how;
    uint64_t now_ns;     /* the program's */
    uint64_t worker_ns;  /* until when the worker is busy, in the background */
    uint64_t ahead_ns;   /* how far the worker's clock is ahead of the program's while it works */
    int kicked, at_work; /* at_work: it is the worker's turn */
    struct site **site;  /* of recorded ones, by number */
    struct slot *free[ENGINE_CLASSES];
    struct slot **serving; /* by the trace's number of the block */
    struct outcome out;
} world;

/* --- policy/prim.h ---------------------------------------------------------------------------------------------- */

uint64_t prim_now_ns(void)
{
    return world.now_ns + world.ahead_ns;
}

uint64_t prim_coarse_ns(void)
{
    return world.now_ns;
}

void prim_kick(void)
{
    world.kicked = 1;
}

int prim_memory_take(uint64_t bytes, uint64_t spare)
{
    (void)bytes, (void)spare;
    return 1;
}

size_t prim_resident_bytes(const void *base, size_t bytes)
{
    const struct slot *slot = base; /* see slot_new() */
    return slot->resident < bytes ? slot->resident : bytes;
}

/* The program's time, or the worker's. */
static int in_background(void)
{
    return world.how == HOW_BACKGROUND || (world.how == HOW_REAL && world.at_work);
}

static void spend_ns(uint64_t ns)
{
    if (in_background()) {
        world.ahead_ns += ns;
        world.worker_ns += ns;
    } else {
        world.now_ns += ns;
    }
}

int prim_pin(struct block *block)
{
    struct slot *slot = (struct slot *)block;
    const uint64_t ns = pin_ns(world.trace->machine, block->pin_bytes, slot->resident);
    spend_ns(ns);
    slot->resident = block->pin_bytes;
    slot->locked_from = in_background() ? world.worker_ns : 0;
    world.out.pinning += ns;
    world.out.pins++;
    if (ledger_bytes() > world.trace->cap_bytes)
        abort();
    if (ledger_bytes() > world.out.peak_bytes)
        world.out.peak_bytes = ledger_bytes();
    return 0;
}

int prim_unpin(struct block *block)
{
    const uint64_t ns = unpin_ns(world.trace->machine, block->pin_bytes);
    spend_ns(ns);
    world.out.unpinning += ns;
    world.out.unpins++;
    return 0;
}

void prim_release(struct block *block, int keep)
{
    struct slot *slot = (struct slot *)block;
    (void)keep;
    slot->resident = 0;
    slot->next_free = world.free[block->size_class];
    world.free[block->size_class] = slot;
}

/* --- the program ------------------------------------------------------------------------------------------------- */

static struct slot *slot_new(uint32_t size_class)
{
    struct slot *slot = world.free[size_class];
    if (slot) {
        world.free[size_class] = slot->next_free;
        return slot;
    }
    slot = must_have(1, sizeof *slot);
    slot->block.size_class = size_class;
    slot->block.base = (char *)slot; /* never read: an address that leads back */
    return slot;
}

/* Of a recorded trace: with its stack, so that rules match it. */
static struct site *recorded_site(unsigned number)
{
    const struct replay_site *from = &world.trace->site[number];
    if (!world.site[number])
        world.site[number] = site_add(number + 1, from->frame, from->function, from->n_frames, 1ull << from->size_log2);
    return world.site[number];
}

static struct site *site_of(unsigned number, uint64_t bytes)
{
    if (world.trace->site)
        return recorded_site(number);
    const struct frame frame = {.pc = number, .module = "replay", .module_id = 1, .offset = number};
    const uint64_t hash = (uint64_t)number << 8 | site_size_log2(bytes);
    struct site *site = site_find(hash);
    return site ? site : site_add(hash, &frame, NULL, 1, bytes);
}

static void run_alloc(const struct event *event)
{
    struct site *site = site_of(event->site, event->amount);
    const uint32_t size_class = class_of(event->amount);
    struct block *block = engine_recycle(site, event->amount, size_class);
    if (!block) {
        block = &slot_new(size_class)->block;
        engine_born(block, site, event->amount);
    }
    struct slot *slot = (struct slot *)block;
    const uint64_t touched = event->amount * event->touched / 100;
    if (slot->resident < touched)
        slot->resident = touched;
    world.serving[event->block] = slot;
}

static void count_copy(enum direction dir, enum way way, uint64_t bytes, uint64_t ns)
{
    world.out.copied_ns[dir][way] += ns;
    world.out.copied_bytes[dir][way] += bytes;
    if (way == WAY_DIRECT)
        world.out.saved += excess_ns(world.trace->machine, dir, bytes);
    else
        world.out.excess += excess_ns(world.trace->machine, dir, bytes);
}

static void run_copy(const struct event *event)
{
    struct slot *slot = world.serving[event->block];
    struct block *block = &slot->block;
    const struct machine *machine = world.trace->machine;
    const enum direction dir = event->dir ? DIR_D2H : DIR_H2D;
    const uint32_t word = engine_copy_begin(block);
    const int direct = engine_is_direct(block, word) && world.now_ns >= slot->locked_from;
    const uint64_t ns = copy_ns(machine, dir, direct, event->amount);
    const enum way unpinned = machine->measured ? unpinned_way(machine, dir, event->amount) : WAY_PLAIN;
    const enum way way = event->snapshot && direct ? WAY_SNAPSHOT : direct ? WAY_DIRECT : unpinned;
    world.now_ns += ns;
    count_copy(dir, way, event->amount, ns);
    if (slot->resident < event->amount)
        slot->resident = event->amount;
    engine_copy_end(block);
    if (way == WAY_STAGED)
        cost_copy_seen(dir, way, event->amount, ns);
    const enum reason reason = engine_copied(block, dir, way, event->amount, ns);
    if (!reason_refuses(reason))
        engine_promote(block, reason, NULL, 0);
}

static void run_resize(const struct event *event)
{
    struct slot *slot = world.serving[event->block];
    if (!block_move_begin(&slot->block))
        return;
    engine_resized(&slot->block, event->amount);
    block_move_end(&slot->block);
    slot->resident = event->amount;
}

/* Only the first few lives are played, however many there are.  The first may be served from a pinned block that rests,
 * or be one of a site of which nothing is known yet; the second finds what the first has left.  No time passes between
 * them and nothing is copied: worth and rent stay as they are, and each of the others finds and leaves the same as the
 * one before it.  They would but count blocks, and no decision under this backend counts a site's blocks further. */
static void run_again(const struct event *event)
{
    const uint32_t played = event->times < AGAIN_PLAYED ? event->times : AGAIN_PLAYED;
    for (uint32_t i = 0; i < played; i++) {
        run_alloc(event);
        engine_free(&world.serving[event->block]->block);
    }
}

static void run_worker(void)
{
    world.kicked = 0;
    if (world.worker_ns < world.now_ns)
        world.worker_ns = world.now_ns;
    world.ahead_ns = world.how >= HOW_BACKGROUND ? world.worker_ns - world.now_ns : 0;
    world.at_work = 1;
    engine_work();
    world.at_work = 0;
    world.ahead_ns = 0;
}

/* Time that passes is the worker's to look for what is idle, as often as it does. */
static void run_time(uint64_t ns)
{
    const uint64_t step = ns > 1000 * 1000000000ull ? ns / 1000 : 1000000000;
    for (; ns > step; ns -= step) {
        world.now_ns += step;
        run_worker();
    }
    world.now_ns += ns;
}

static int start(const struct trace *trace, enum how how)
{
    static struct options options;
    char conf[64];
    snprintf(conf, sizeof conf, "[limits]\nmax_pinned = %llu\n",
             (unsigned long long)(trace->cap_bytes == UINT64_MAX ? 1ull << 35 : trace->cap_bytes));
    if (replay_options(&options, trace->conf ? trace->conf : conf))
        return -EINVAL;
    world.trace = trace;
    world.how = how;
    world.now_ns = 1000000000;
    world.serving = must_have(trace->n_blocks, sizeof(struct slot *));
    world.site = must_have(trace->n_sites, sizeof(struct site *));
    engine_start(&options);
    sites_start(&options);
    engine_use_backend(BACKEND_CUDA);
    if (how == HOW_CHARGED || how == HOW_BACKGROUND)
        replay_know(trace->machine);
    return 0;
}

static void run(const struct trace *trace)
{
    for (unsigned i = 0; i < trace->n_events; i++) {
        const struct event *event = &trace->event[i];
        if (event->kind == EVENT_ALLOC)
            run_alloc(event);
        else if (event->kind == EVENT_COPY)
            run_copy(event);
        else if (event->kind == EVENT_FREE)
            engine_free(&world.serving[event->block]->block);
        else if (event->kind == EVENT_RESIZE)
            run_resize(event);
        else if (event->kind == EVENT_AGAIN)
            run_again(event);
        else
            run_time(event->amount);
        if (world.kicked)
            run_worker();
    }
}

int replay_here(const struct trace *trace, enum how how, struct outcome *outcome)
{
    if (start(trace, how))
        return -EINVAL;
    run(trace);
    *outcome = world.out;
    return 0;
}
