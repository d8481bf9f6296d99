/* Traces and the machine they are replayed on.
 *
 * A trace is a list of events, in order: a block is allocated at a site, copied, freed; time passes.  A machine is what
 * things cost.  Callers: all of tests/bench/replay/.  No lock: one thread.  Out of memory ends the program. */
#ifndef AUTOPIN_REPLAY_TRACE_H
#define AUTOPIN_REPLAY_TRACE_H

#include <stddef.h>
#include <stdint.h>

enum event_kind {
    EVENT_ALLOC, /* amount: bytes */
    EVENT_COPY,  /* amount: bytes, from the start of the block */
    EVENT_FREE,
    EVENT_TIME, /* amount: ns of something else */
};

struct event {
    uint8_t kind;
    uint8_t dir;     /* COPY: 0 to the device, 1 to the host */
    uint8_t touched; /* ALLOC: percent of it that the program writes before anything else */
    uint16_t site;   /* ALLOC */
    uint32_t block;  /* numbered from 0 in the order of allocation */
    uint64_t amount;
};

/* A machine: times that do not change while a trace runs. */
struct machine {
    const char *name;
    double plain_ps[2], staged_ps[2], direct_ps[2];           /* per byte; staged 0: there is no such way */
    uint64_t latency_ns;                                      /* of any copy */
    uint64_t resident_page_ns, absent_page_ns, unpin_page_ns; /* per page of 4 KiB: registering it, ending that */
};

struct trace {
    const char *family;
    unsigned seed;
    const struct machine *machine;
    uint64_t cap_bytes; /* UINT64_MAX: it does not bind */
    struct event *event;
    unsigned n_events, room;
    unsigned n_blocks;
};

/* A family of traces; make() appends the events of one. */
struct family {
    const char *name;
    int binds; /* the cap does */
    void (*make)(struct trace *trace);
};
extern const struct family families[];
extern const unsigned n_families;

void trace_make(struct trace *trace, const struct family *family, const struct machine *machine, unsigned seed);
void trace_drop(struct trace *trace);

/* calloc() that ends the program. */
void *must_have(size_t count, size_t bytes);

/* What a copy, a pin and its end cost.  unpinned: the better of plain and staged.  Units: ns. */
uint64_t copy_ns(const struct machine *machine, int dir, int direct, uint64_t bytes);
uint64_t excess_ns(const struct machine *machine, int dir, uint64_t bytes);
uint64_t pin_ns(const struct machine *machine, uint64_t bytes, uint64_t resident);
uint64_t unpin_ns(const struct machine *machine, uint64_t bytes);

/* Blocks of one class serve each other's successors, as in the arena: eight classes to a doubling. */
uint32_t class_of(uint64_t bytes);

/* A block's life as the trace has it, for those who look ahead. */
struct life {
    uint64_t bytes, resident; /* the latter after its first copy */
    unsigned born, freed;     /* indices of events; freed: n_events when it never is */
    unsigned first, n_copies; /* its copies: of lives.copy[] */
};
struct lives {
    struct life *life;
    unsigned *copy; /* indices of events, block by block */
    unsigned n_copies;
};
void lives_make(struct lives *lives, const struct trace *trace);
void lives_drop(struct lives *lives);

/* Costs of a plan beyond all copies being direct.  Units: ns. */
struct outcome {
    uint64_t excess; /* of unpinned copies */
    uint64_t pinning, unpinning;
    uint64_t pins, unpins;
};
static inline uint64_t outcome_ns(const struct outcome *outcome)
{
    return outcome->excess + outcome->pinning + outcome->unpinning;
}

/* How the policy is run. */
enum how {
    HOW_CHARGED,    /* the program waits for every pin and unpin; costs are known beforehand */
    HOW_LEARNING,   /* the same, but costs are those of policy/cost.c until it has measured */
    HOW_BACKGROUND, /* costs are known; pins take the worker's time: copies go on unpinned meanwhile, and nobody pays */
};

/* The policy's own code on the trace, in a process of its own.  Returns 0, or -errno. */
int replay_policy(const struct trace *trace, enum how how, struct outcome *outcome);

/* Simple policies under the same cap and costs, with the same recycling. */
enum rival {
    RIVAL_NEVER,
    RIVAL_ALL,  /* at the first copy; the least recently used goes */
    RIVAL_FILL, /* at the first copy, while there is room; nothing in use goes */
    RIVAL_TWO,  /* at the second copy; the least recently used goes */
    RIVAL_TEN,  /* likewise at the tenth */
    RIVAL_COUNT
};
extern const char *const rival_name[RIVAL_COUNT];
void replay_rival(const struct trace *trace, enum rival rival, struct outcome *outcome);

/* The least that any plan can cost that knows the future; see optimum.c and bound.c.  Units: ns. */
uint64_t optimum_ns(const struct trace *trace, const struct lives *lives);
uint64_t bound_ns(const struct trace *trace, const struct lives *lives, uint64_t reached_ns);

#endif
