/* The system as unit tests see it: policy/prim.h over a clock that stands still, and options from invented places.
 *
 * Every test begins with fake_reset().  The prim_*() functions in fake_prim.c are weak.  Counters are atomic, so that
 * tests may use threads; the rest is for the test's own thread before it starts others. */
#ifndef AUTOPIN_FAKE_PRIM_H
#define AUTOPIN_FAKE_PRIM_H

#include "policy/options.h"
#include "policy/prim.h"
#include "policy/sink.h"

#include <stdatomic.h>

#define FAKE_MAX_PLACES 16

/* A failure to be injected: `count` calls return `err`, beginning with call number `first` (0 = the first since
 * fake_reset()). */
struct fake_failure {
    unsigned first, count;
    int err;
};

struct fake_prim {
    _Atomic uint64_t now_ns;          /* what prim_now_ns() says */
    _Atomic uint64_t step_ns;         /* added at each look at the clock */
    _Atomic uint64_t available_bytes; /* UINT64_MAX after fake_reset() */
    uint64_t some, full;              /* as in struct pressure_seen; likewise */
    _Atomic unsigned pins, unpins, releases, kept_releases, kicks, waits, wakes; /* calls */
    unsigned looks;                                                              /* likewise */
    _Atomic uint64_t mapped_bytes; /* by prim_map() and not yet given back */
    _Atomic int keeps;             /* what prim_keeps() says */
    struct block **blocks;         /* all there are */
    unsigned n_blocks;
    size_t absent_bytes; /* of any block */
    int tallies;         /* threads have tallies; set after fake_reset() */
    int map_fails;       /* prim_map() returns NULL */
    struct fake_failure pin_failure, unpin_failure;
    int (*on_pin)(struct block *block); /* the rest of prim_pin(), prim_unpin(), ... when the tests set it */
    int (*on_unpin)(struct block *block);
    void (*on_release)(struct block *block, int keep);
    void (*on_trim)(uint64_t bytes);
    void (*on_shed_slots)(uint64_t bytes);
    void (*on_kick)(void);
    void (*on_wait)(void);
};
extern struct fake_prim fake;

void fake_reset(void);

/* What it does of that in fake_options.c, and what messages about options go to. */
void fake_reset_options(void);
void fake_log_line(int level, const char *line);

/* All that prim_log(), fake_source.complain() and fake_sink were given since fake_reset(), line by line. */
const char *fake_log(void);
unsigned fake_log_lines(void);
int fake_logged(const char *part); /* 1 when part occurs in the log */

/* Variables and files for options_load().  text NULL: reading the file fails with err.  The strings are not copied. */
void fake_set_env(const char *name, const char *value);
void fake_set_file(const char *path, const char *text, size_t len, int err);
extern struct options_source fake_source; /* 64 GiB of RAM after fake_reset() */

/* Loads options from one pinning.conf with this text. */
int fake_load(struct options *out, const char *text, size_t len);

extern const struct sink fake_sink;

#endif
