/* The curve "seconds saved against cap": what each further byte of max_pinned is worth to a program, and where it stops
 * being worth much.
 *
 * Made from the figures of a run, site by site: pinning all of a site takes so many bytes and saves so much time. Sites
 * are taken in the order of time per byte, the best first, so the curve is concave; its knee is the point farthest from
 * the chord between its ends.  What this assumes:
 *
 *   - The next run is like this one: the same copies, of the same blocks, at the same speeds.
 *   - A site is pinned as a whole: its bytes are the most that it has had at once, or has had pinned with what was
 *     kept for reuse.  A cap between two points would pin some of its blocks, and save a part.
 *   - The sites have their most at the same time.  Where they do not, a smaller cap does the same.
 *   - Sites do not get into each other's way: nothing is evicted, so each block is pinned once.
 *   - Bytes are those asked for; whole pages are some more.
 *
 * Pure functions; no lock, no malloc.  Callers: report_series.c, `autopin tune`. */
#ifndef AUTOPIN_CURVE_H
#define AUTOPIN_CURVE_H

#include <stdint.h>

/* One site; once the curve is made, also what the cap is and what is saved with it and all that come before it. */
struct curve_step {
    unsigned site; /* the caller's number for it */
    uint64_t bytes, gain_ns;
    uint64_t cap_bytes, saved_ns;
};

/* What pinning all of a site takes: live blocks and those kept for reuse. */
static inline uint64_t curve_bytes(uint64_t live_peak_bytes, uint64_t pinned_peak_bytes)
{
    return live_peak_bytes > pinned_peak_bytes ? live_peak_bytes : pinned_peak_bytes;
}

/* What pinning all of a site saves: what its copies or faults have been spared and what they might have been, less the
 * price of pinning it once.  0 when it would be a loss.  Units: ns. */
static inline uint64_t curve_gain_ns(uint64_t saved_ns, uint64_t lost_ns, uint64_t price_ns)
{
    const uint64_t most_ns = saved_ns > UINT64_MAX - lost_ns ? UINT64_MAX : saved_ns + lost_ns;
    return most_ns > price_ns ? most_ns - price_ns : 0;
}

/* Sorts the steps and fills in what they come to; those that gain nothing, or have no bytes, are dropped.  Returns how
 * many there are then. */
unsigned curve_make(struct curve_step *steps, unsigned n);

/* The number of the knee in a curve of `n` steps, n > 0; the last where none is farther from the chord than others: all
 * bytes are worth the same. */
unsigned curve_knee(const struct curve_step *steps, unsigned n);

#endif
