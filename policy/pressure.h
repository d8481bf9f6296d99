/* Pressure: how much may stay page-locked while memory runs short, from what the kernel says about it.
 *
 * Decides alone, from what it is given: no clock, no file, no lock, no static variable.  Callers: engine_relief.c,
 * tests.
 *
 * Memory runs short where less than min_free is available, or where tasks have waited for memory for more of the last
 * ten seconds than max_pressure allows ("some avg10" of the kernel's pressure stall information, psi.rst).  What others
 * take for too much, each of them in order to kill something, which is dearer than to unpin: systemd-oomd 60 % of
 * "full" for 30 s (oomd.conf(5)); Android's lmkd 70 ms of "some" or 700 ms of "full" in a second (its README); earlyoom
 * less than 10 % of memory and of swap available (earlyoom(1)).  So 10 % of "some", which lmkd's 7 % is near.
 *
 *   - Too little available: what is pinned has to go down by what is missing, at each look.
 *   - Waiting: by a quarter, or by half where all tasks waited that long.  The average falls by a third in four seconds
 *     once nobody waits any more, so no more is given up within that time, nor after it if the average has fallen.
 *   - Calm is when a quarter more than min_free is available, and tasks wait for less than half of what is allowed.
 *     After ten seconds of it the cap grows again, by a sixteenth of max_pinned each two seconds, and by no more than
 *     half of what is available beyond that.
 *   - Where that had to be taken back, it waits twice as long next time, up to five minutes: no swing lasts. */
#ifndef AUTOPIN_PRESSURE_H
#define AUTOPIN_PRESSURE_H

#include <stdint.h>

/* What the kernel says.  UINT64_MAX: unknown. */
struct pressure_seen {
    uint64_t available_bytes; /* the least of MemAvailable and what the cgroups have left */
    uint64_t some, full;      /* hundredths of a percent of the last ten seconds: some, all tasks waited */
};

/* What the user allows. */
struct pressure_bounds {
    uint64_t cap_bytes, min_free_bytes;
    uint64_t most; /* of pressure_seen.some; 0: any */
};

/* All zeroes at first. */
struct pressure {
    int lowered; /* the cap in force is cap_bytes; else it is the user's */
    int raised;  /* … and it has grown since it was last lowered */
    uint64_t cap_bytes;
    uint64_t lowered_ns;          /* when it was lowered last */
    uint64_t raise_ns;            /* when it may grow */
    uint64_t calm_ns;             /* how long it has to be calm before */
    uint64_t watched, watched_ns; /* `some` as it was when it last counted, and when; 0: it is within bounds */
};

enum pressure_why {
    PRESSURE_NONE,    /* the cap was not lowered */
    PRESSURE_FREE,    /* it was: less than min_free is available */
    PRESSURE_WAITING, /* it was: tasks wait */
};

/* A look at `now_ns`, while `pinned_bytes` are pinned: changes *state, and says whether the cap is lower for it. */
enum pressure_why pressure_look(struct pressure *state, const struct pressure_bounds *bounds,
                                const struct pressure_seen *seen, uint64_t pinned_bytes, uint64_t now_ns);

/* The cap in force. */
static inline uint64_t pressure_cap(const struct pressure *state, uint64_t cap_bytes)
{
    return state->lowered && state->cap_bytes < cap_bytes ? state->cap_bytes : cap_bytes;
}

#endif
