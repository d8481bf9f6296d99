/* Seconds saved against cap: see curve.h.  Exact: products of 64-bit numbers fit into 128. */
#include "curve.h"

#include "sort.h"

typedef unsigned __int128 wide;

static uint64_t add_up(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* More time per byte goes first; then fewer bytes, then the caller's order. */
static int goes_before(const void *one, const void *other)
{
    const struct curve_step *a = one, *b = other;
    const wide left = (wide)a->gain_ns * b->bytes, right = (wide)b->gain_ns * a->bytes;
    if (left != right)
        return left > right;
    return a->bytes != b->bytes ? a->bytes < b->bytes : a->site < b->site;
}

unsigned curve_make(struct curve_step *steps, unsigned n)
{
    uint64_t cap_bytes = 0, saved_ns = 0;
    unsigned kept = 0;
    for (unsigned i = 0; i < n; i++)
        if (steps[i].bytes && steps[i].gain_ns)
            steps[kept++] = steps[i];
    sort_elements(steps, kept, sizeof *steps, goes_before);
    for (unsigned i = 0; i < kept; i++) {
        steps[i].cap_bytes = cap_bytes = add_up(cap_bytes, steps[i].bytes);
        steps[i].saved_ns = saved_ns = add_up(saved_ns, steps[i].gain_ns);
    }
    return kept;
}

/* The distance from the chord is saved / all saved - cap / whole cap, but for a factor. */
unsigned curve_knee(const struct curve_step *steps, unsigned n)
{
    const uint64_t whole_bytes = steps[n - 1].cap_bytes, whole_ns = steps[n - 1].saved_ns;
    wide farthest = 0;
    unsigned knee = n - 1;
    for (unsigned i = 0; i + 1 < n; i++) {
        const wide above = (wide)steps[i].saved_ns * whole_bytes, chord = (wide)steps[i].cap_bytes * whole_ns;
        if (above > chord && above - chord > farthest) {
            farthest = above - chord;
            knee = i;
        }
    }
    return knee;
}
