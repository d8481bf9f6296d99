/* Replay: the policy's own code on a trace, over a clock that only counts.
 *
 * A trace is a list of events, in order: a block is allocated at a site, copied, freed; time passes.  A machine is what
 * things cost.  Callers: autopin-replay on recorded traces (read.c), tests/bench/replay/ on invented ones.  No lock:
 * one thread.  Out of memory ends the program. */
#ifndef AUTOPIN_REPLAY_H
#define AUTOPIN_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "policy/site.h"

enum event_kind {
    EVENT_ALLOC, /* amount: bytes */
    EVENT_COPY,  /* amount: bytes, from the start of the block */
    EVENT_FREE,
    EVENT_TIME,   /* amount: ns of something else */
    EVENT_RESIZE, /* amount: bytes */
    EVENT_AGAIN   /* a block that has been freed is allocated and freed so many times; amount: bytes */
};

struct event {
    uint8_t kind;
    uint8_t dir;      /* COPY: 0 to the device, 1 to the host */
    uint8_t touched;  /* ALLOC, AGAIN: percent of it that the program writes before anything else */
    uint8_t snapshot; /* COPY: it went through a buffer of autopin's own, and would again */
    uint32_t site;    /* ALLOC, AGAIN */
    uint32_t block;   /* numbered from 0 in the order of allocation */
    uint32_t times;   /* AGAIN */
    uint64_t amount;
};

enum {
    MEASURED_LOG2 = 40
};

/* What copies that were seen took, by direction, way and floor of the binary logarithm of their bytes.  Units: ps per
 * byte; 0: there were none. */
struct measured {
    double ps[DIR_COUNT][WAY_COUNT][MEASURED_LOG2];
};

/* A machine: times that do not change while a trace runs. */
struct machine {
    const char *name;
    double plain_ps[2], staged_ps[2], direct_ps[2];           /* per byte; staged 0: there is no such way */
    uint64_t latency_ns;                                      /* of any copy */
    uint64_t resident_page_ns, absent_page_ns, unpin_page_ns; /* per page of 4 KiB: registering it, ending that */
    const struct measured *measured;                          /* NULL, or what counts before the rates above */
    uint64_t staging_min;                                     /* with measured: smaller copies are not staged */
};

/* A call site of a recorded trace.  The strings are the trace's. */
struct replay_site {
    uint64_t key;
    unsigned size_log2, n_frames;
    struct frame frame[SITE_FRAMES]; /* pc: the number of the site, and 3 bits of the frame's */
    const char *function[SITE_FRAMES];
    uint64_t function_offset[SITE_FRAMES];
    uint64_t copies, copy_bytes, blocks;
    uint64_t async_bytes[DIR_COUNT];
};

struct trace {
    const char *family;
    unsigned seed;
    const struct machine *machine;
    uint64_t cap_bytes; /* UINT64_MAX: it does not bind */
    const char *conf;   /* NULL: no other options than the cap; else a pinning.conf, which states it */
    struct event *event;
    unsigned n_events, room;
    unsigned n_blocks;
    struct replay_site *site; /* NULL: sites are numbers and nothing else */
    unsigned n_sites;
};

/* calloc() that ends the program. */
void *must_have(size_t count, size_t bytes);

/* Appends an event. */
void trace_add(struct trace *trace, const struct event *event);

/* What a copy, a pin and its end cost.  unpinned: the better of plain and staged.  Units: ns. */
uint64_t copy_ns(const struct machine *machine, int dir, int direct, uint64_t bytes);
uint64_t excess_ns(const struct machine *machine, int dir, uint64_t bytes);
uint64_t pin_ns(const struct machine *machine, uint64_t bytes, uint64_t resident);
uint64_t unpin_ns(const struct machine *machine, uint64_t bytes);

/* The way of a copy that is not direct. */
enum way unpinned_way(const struct machine *machine, int dir, uint64_t bytes);

/* Blocks of one class serve each other's successors, as in the arena: eight classes to a doubling. */
uint32_t class_of(uint64_t bytes);

/* What a plan costs.  excess: beyond all copies being direct.  Units: ns. */
struct outcome {
    uint64_t excess; /* of unpinned copies */
    uint64_t pinning, unpinning;
    uint64_t pins, unpins;
    uint64_t peak_bytes; /* pinned at once */
    uint64_t saved;      /* by direct copies */
    uint64_t copied_ns[DIR_COUNT][WAY_COUNT], copied_bytes[DIR_COUNT][WAY_COUNT];
};
static inline uint64_t outcome_ns(const struct outcome *outcome)
{
    return outcome->excess + outcome->pinning + outcome->unpinning;
}

/* Of all copies.  Units: ns. */
uint64_t outcome_copies_ns(const struct outcome *outcome);

/* How the policy is run. */
enum how {
    HOW_CHARGED,    /* the program waits for every pin and unpin; costs are known beforehand */
    HOW_LEARNING,   /* the same, but costs are those of policy/cost.c until it has measured */
    HOW_BACKGROUND, /* costs are known; pins take the worker's time: copies go on unpinned meanwhile, and nobody pays */
    HOW_REAL,       /* as a process does: learning, pins in the background unless a site says pin_wait */
};

/* The policy's own code on the trace, in a process of its own.  Returns 0, or -errno; -EINVAL: the conf is not one. */
int replay_policy(const struct trace *trace, enum how how, struct outcome *outcome);

/* The same in this process, which can do it once. */
int replay_here(const struct trace *trace, enum how how, struct outcome *outcome);

/* Teaches policy/cost.c what a process would have measured on this machine before. */
void replay_know(const struct machine *machine);

/* system.c: loads options from the text of a pinning.conf.  Returns the number of complaints. */
struct options;
int replay_options(struct options *options, const char *conf);

#endif
