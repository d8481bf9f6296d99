/* Sites: the places in the program that allocate large blocks, and all that is known about each.
 *
 * Owns the two tables (by raw call stack, by key) and the counters.  A site is never freed, so that a pointer to one
 * stays good without a lock; its counters are atomic and only ever added to.  Callers: preload/ at allocation, engine.c
 * at copies and pins, report.c at exit.  Lock: RANK_SITES for the tables alone. */
#ifndef AUTOPIN_SITE_H
#define AUTOPIN_SITE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

enum {
    SITE_FRAMES = 8,
    FRAME_ID_MOST = 23 /* bytes of a build-id; a longer one is taken for none */
};

enum direction {
    DIR_H2D,
    DIR_D2H,
    DIR_COUNT
};

enum way {
    WAY_PLAIN,    /* as the program wrote it */
    WAY_STAGED,   /* large and not pinned: through slots of pinned memory of autopin's own */
    WAY_DIRECT,   /* the range is pinned */
    WAY_SNAPSHOT, /* small, through a buffer of autopin's own */
    WAY_COUNT
};

enum reason {
#define REASON(code, kind, text) REASON_##code,
#include "reason.def"
#undef REASON
    REASON_COUNT
};

/* The text of a reason, and whether it is one for refusing. */
const char *reason_text(enum reason reason);
int reason_refuses(enum reason reason);
/* The code in lower case, for JSON. */
const char *reason_name(enum reason reason);

struct frame {
    uintptr_t pc;       /* the return address */
    const char *module; /* path of the object that holds pc, "" when unknown; of a site: in the record */
    uint64_t module_id; /* hash of its build-id, or of its path when it has none */
    uint64_t offset;    /* pc relative to the object's load address */
    unsigned char build_id[FRAME_ID_MOST], build_id_bytes; /* of the object; 0: it has none */
};

/* A counter set that is added to with relaxed atomics and read at any time. */
struct copy_count {
    _Atomic uint64_t copies, bytes, ns;
};

/* What one thread has counted of a site's blocks: tally.h.  One cache line.  Units: blocks, bytes. */
struct share {
    _Atomic uint64_t blocks, bytes, blocks_gone, bytes_gone; /* served, and freed again */
    _Atomic uint64_t told_blocks, told_bytes;                /* what the site has been told that lives */
    _Atomic uint64_t top_blocks, top_bytes;                  /* the most that has lived since, beyond that */
};

struct site {
    uint64_t key; /* module ids, offsets and size class: the same in every run of the same binaries */
    unsigned n_frames;
    struct frame frame[SITE_FRAMES];
    unsigned size_log2;
    const char *rule_name;       /* of the [site] section that caught it, or NULL */
    struct promote_rule promote; /* settings in force for this site */
    int async, pin_wait;
    _Atomic int huge; /* the program asks for huge pages for its blocks */
    uint64_t max_pinned, priority;
    struct site *next;      /* all sites, newest first */
    unsigned index;         /* its number */
    uint16_t group, within; /* where its shares are: tally.h */

    _Atomic uint64_t bytes_min, bytes_max;
    struct share rest;                                                   /* of threads without a tally */
    _Atomic uint64_t level_blocks, level_bytes, peak_blocks, peak_bytes; /* what lives, as it was told: tally.c */
    _Atomic uint64_t recycled;                                           /* blocks served from quarantine */
    struct copy_count count[DIR_COUNT][WAY_COUNT];
    _Atomic uint64_t paid_ns;   /* excess of unpinned copies or faults not yet spent on a pin */
    _Atomic uint64_t left_ns;   /* of it, what freed blocks had paid: rent.c */
    _Atomic uint64_t doubts;    /* pins that have not earned what they cost, less those that have: rent.c */
    _Atomic uint64_t credit_ns; /* earned by its pins, to be spent on pins before their time: rent.c */
    _Atomic uint64_t lost_ns;   /* the same, never spent: what pinning would have saved */
    _Atomic uint64_t saved_ns;  /* by direct copies, or by faults avoided */
    _Atomic uint64_t pins, unpins, evictions, pin_failures, pin_ns, pin_bytes_total;
    _Atomic uint64_t pinned_bytes, pinned_bytes_peak;
    _Atomic uint64_t refused[REASON_COUNT];
    _Atomic int why; /* reason of the last decision */
};

/* Gets ready.  Call once, before anything else here. */
void sites_start(const struct options *options);

/* What sites_start() was given; NULL before. */
const struct options *sites_options(void);

/* The site for a raw call stack (hash of return addresses and size class), or NULL when it has not been seen. */
struct site *site_find(uint64_t stack_hash);

/* Enters a stack seen for the first time.  `frames` are copied, module names included; `names` are the function names
 * of the frames (NULL when unknown), used for matching [site] sections only.  Returns the site (a known one when the
 * same key was reached through another stack hash), or the catch-all site when memory is short; never NULL after
 * sites_start(). */
struct site *site_add(uint64_t stack_hash, const struct frame *frames, const char *const *names, unsigned n_frames,
                      size_t bytes);

/* Every site, newest first; follow ->next. */
struct site *sites_first(void);

/* Makes these all the sites there are: they were counted in another process (record.h). */
void sites_restore(struct site *first);

/* Key of a stack: the same in every run of the same binaries. */
uint64_t site_key(const struct frame *frames, unsigned n_frames, size_t bytes);

/* Size class of a site: floor of the binary logarithm. */
unsigned site_size_log2(size_t bytes);

/* Begins all counters anew, in a forked child. */
void sites_forget(void);

/* The lock of the tables, for fork(). */
void sites_fork_take(void);
void sites_fork_drop(void);

static inline void count_add(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_fetch_add_explicit(counter, value, memory_order_relaxed);
}

static inline uint64_t count_get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* The same; returns what it then is. */
static inline uint64_t count_next(_Atomic uint64_t *counter, uint64_t value)
{
    return atomic_fetch_add_explicit(counter, value, memory_order_relaxed) + value;
}

/* Raises the peak of a level, which may be below zero for a moment: it wraps. */
static inline void peak_raise(_Atomic uint64_t *peak, uint64_t level)
{
    uint64_t seen = count_get(peak);
    while ((int64_t)seen < (int64_t)level &&
           !atomic_compare_exchange_weak_explicit(peak, &seen, level, memory_order_relaxed, memory_order_relaxed))
        ;
}

/* Takes up to `value` from an amount; returns how much there was of it. */
static inline uint64_t count_draw(_Atomic uint64_t *amount, uint64_t value)
{
    uint64_t had = count_get(amount);
    while (had && !atomic_compare_exchange_weak(amount, &had, had > value ? had - value : 0))
        ;
    return had < value ? had : value;
}

/* Adds to a level and raises its peak. */
void level_add(_Atomic uint64_t *level, _Atomic uint64_t *peak, uint64_t value);

/* Takes from a level. */
static inline void level_sub(_Atomic uint64_t *level, uint64_t value)
{
    atomic_fetch_sub_explicit(level, value, memory_order_relaxed);
}

#endif
