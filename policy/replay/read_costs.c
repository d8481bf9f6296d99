/* Recorded traces: what copies took.  See read.h.
 *
 * A copy may have waited for what its stream had to do before, for a pin in the background, or for a processor, and
 * then says nothing about others.  So it is the mean of the faster half that counts. */
#include "policy/replay/read_int.h"

#include <stdlib.h>

void sample_copy(struct reader *reader, enum direction dir, enum way way, uint64_t bytes, uint64_t ns)
{
    const unsigned log2 = site_size_log2(bytes);
    if (ns == 0 || log2 >= MEASURED_LOG2)
        return;
    struct samples *samples = &reader->samples[dir][way][log2];
    const double ps = (double)ns * 1000.0 / (double)bytes;
    if (!samples->ps)
        samples->ps = must_have(SAMPLES, sizeof *samples->ps);
    samples->ps[samples->n++ % SAMPLES] = ps < (double)PRICE_MOST ? ps : (double)PRICE_MOST;
}

static int by_value(const void *a, const void *b)
{
    const double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

static double faster_half(struct samples *samples)
{
    const size_t n = samples->n < SAMPLES ? samples->n : SAMPLES, half = (n + 1) / 2;
    double sum = 0;
    if (n == 0)
        return 0;
    qsort(samples->ps, n, sizeof *samples->ps, by_value);
    for (size_t i = 0; i < half; i++)
        sum += samples->ps[i];
    return sum / (double)half;
}

void samples_end(struct reader *reader)
{
    for (int dir = 0; dir < DIR_COUNT; dir++)
        for (int way = 0; way < WAY_COUNT; way++)
            for (unsigned log2 = 0; log2 < MEASURED_LOG2; log2++) {
                struct samples *samples = &reader->samples[dir][way][log2];
                reader->out->measured.ps[dir][way][log2] = faster_half(samples);
                free(samples->ps);
            }
}
