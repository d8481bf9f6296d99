/* What the families of traces are made with: random numbers, events, working sets.  Callers: families.c,
 * families_cap.c. */
#ifndef AUTOPIN_REPLAY_MAKING_H
#define AUTOPIN_REPLAY_MAKING_H

#include "trace.h"

#define MIB (1ull << 20)
#define MS  1000000ull

enum {
    MOST_BLOCKS = 256
};

/* Begins anew from the trace's seed. */
void begin(const struct trace *trace);

/* A random number from `least` to `most`. */
uint64_t draw(uint64_t least, uint64_t most);

/* A size of so many MiB, or a little more: the most that its class holds, so that blocks of a class are of one size. */
uint64_t draw_size(uint64_t least, uint64_t most);

/* One event each.  A block is wholly written by the program when it is allocated, or to so many percent. */
uint32_t alloc_touched(struct trace *trace, unsigned site, uint64_t bytes, unsigned percent);
uint32_t alloc(struct trace *trace, unsigned site, uint64_t bytes);
void copy(struct trace *trace, uint32_t block, int dir, uint64_t bytes);
void drop(struct trace *trace, uint32_t block);
void compute(struct trace *trace, uint64_t ns);

/* Blocks of one working set. */
struct set {
    uint32_t block[MOST_BLOCKS];
    uint64_t bytes[MOST_BLOCKS];
    unsigned count;
};
uint64_t set_bytes(const struct set *set);

/* Allocates `count` blocks of `least` to `most` MiB. */
void set_make(struct trace *trace, struct set *set, unsigned site, unsigned count, uint64_t least, uint64_t most);

/* Rounds of copying every block of the set, with something to compute in between. */
void set_use(struct trace *trace, const struct set *set, unsigned rounds, int dir, uint64_t pause_ns);
void set_drop(struct trace *trace, const struct set *set);

void make_turns(struct trace *trace);
void make_phases(struct trace *trace);
void make_turns_cap(struct trace *trace);
void make_temporaries_cap(struct trace *trace);
void make_thrash_cap(struct trace *trace);
void make_phases_cap(struct trace *trace);
void make_uneven_cap(struct trace *trace);
void make_latecomers_cap(struct trace *trace);
void make_stale_cap(struct trace *trace);
void make_stale_brief_cap(struct trace *trace);

#endif
