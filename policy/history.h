/* History: what was pinned and what had been copied at points of the run, for plots over time.
 *
 * At most HISTORY_POINTS points in memory of fixed size, spread over the whole run.  A point is taken by a copy, or
 * when a pin or unpin ends, once `interval` has passed since the last one; when the points are used up, every second
 * one is dropped and the interval doubles.  So any three points in a row span an interval or more, and while there is
 * always something going on, neighbours are about one interval apart.  A pin or unpin that comes too early for a point
 * is noted all the same, and kept if nothing else happens for an interval: what lasts is never missed, what lies
 * between two points may be.
 *
 * Whoever is first past the time takes the point, others go on: no lock, no memory, nothing to wait for.  A point read
 * by another thread is whole.  Callers: engine*.c and preload/copy.c take, report_series.c reads. */
#ifndef AUTOPIN_HISTORY_H
#define AUTOPIN_HISTORY_H

#include <stdatomic.h>
#include <stdint.h>

#include "site.h"

enum {
    HISTORY_POINTS = 128, /* with the one that history_read() adds */
    HISTORY_FOREIGN = WAY_COUNT,
    HISTORY_FOREIGN_STAGED,
    HISTORY_WAYS
};

/* How things stood.  time_ns: since totals.start_ns.  The counts are of all copies so far, by direction and way. */
struct history_point {
    uint64_t time_ns, pinned_bytes, pinned_regions, cap_bytes;
    struct {
        uint64_t bytes, ns;
    } count[DIR_COUNT][HISTORY_WAYS];
};

/* When the next point is due, by prim_now_ns(); UINT64_MAX while one is being taken. */
extern _Atomic uint64_t history_due_ns;

/* Takes a point, or notes a change that came before its time.  Context: any; now_ns as prim_now_ns(). */
void history_take(uint64_t now_ns);

/* A copy has been counted.  Context: any. */
static inline void history_copied(uint64_t now_ns)
{
    if (now_ns >= atomic_load_explicit(&history_due_ns, memory_order_relaxed))
        history_take(now_ns);
}

/* All points, in the order of time, and a last one that tells how things stand.  Returns how many.  Context: any. */
unsigned history_read(struct history_point out[HISTORY_POINTS], uint64_t now_ns);

/* What lies between two points at least, now.  Units: ns. */
uint64_t history_interval_ns(void);

/* Begins anew, in a forked child. */
void history_forget(void);

#endif
