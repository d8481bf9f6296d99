/* Invented traces, and what they are judged by.  See policy/replay/replay.h for traces, machines and the policy itself.
 *
 * Callers: all of tests/bench/replay/.  No lock: one thread.  Out of memory ends the program. */
#ifndef AUTOPIN_REPLAY_TRACE_H
#define AUTOPIN_REPLAY_TRACE_H

#include "policy/replay/replay.h"

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
