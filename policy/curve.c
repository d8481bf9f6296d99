/* Seconds saved against cap: see curve.h.  Exact: products of 64-bit numbers fit into 128. */
#include "curve.h"

typedef unsigned __int128 wide;

static uint64_t add_up(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* More time per byte goes first; then fewer bytes, then the caller's order. */
static int goes_before(const struct curve_step *a, const struct curve_step *b)
{
    const wide left = (wide)a->gain_ns * b->bytes, right = (wide)b->gain_ns * a->bytes;
    if (left != right)
        return left > right;
    return a->bytes != b->bytes ? a->bytes < b->bytes : a->site < b->site;
}

/* Shell's sort, as in report.c. */
static void sort(struct curve_step *steps, unsigned n)
{
    for (unsigned gap = n / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (unsigned i = gap; i < n; i++) {
            const struct curve_step moving = steps[i];
            unsigned at = i;
            for (; at >= gap && goes_before(&moving, &steps[at - gap]); at -= gap)
                steps[at] = steps[at - gap];
            steps[at] = moving;
        }
}

unsigned curve_make(struct curve_step *steps, unsigned n)
{
    uint64_t cap_bytes = 0, saved_ns = 0;
    unsigned kept = 0;
    for (unsigned i = 0; i < n; i++)
        if (steps[i].bytes && steps[i].gain_ns)
            steps[kept++] = steps[i];
    sort(steps, kept);
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
