/* What the allocator programs share: random numbers that are the same in every run. */
#ifndef AUTOPIN_BENCH_RANDOM_H
#define AUTOPIN_BENCH_RANDOM_H

#include <stdint.h>

/* xorshift; the state must not be 0 */
static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* From 0 to below `end`. */
static inline uint64_t random_below(uint64_t *state, uint64_t end)
{
    return (random_next(state) >> 11) % end;
}

#endif
