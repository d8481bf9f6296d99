/* Large blocks from ever other places in the program: SITES call stacks, each of which allocates, touches and frees one
 * block, in turn.
 *
 * usage: cold SITES KIB [AGAIN]     output: one line "US_PER_BLOCK US_PER_BLOCK": when a stack comes for the first
 * time, and the last of AGAIN times (20) more */
#include "tests/bench/bench.h"

static __attribute__((noinline)) double use(size_t bytes)
{
    const double start = bench_now_s();
    char *block = malloc(bytes);
    bench_need(block != NULL, "malloc");
    bench_touch(block, bytes);
    free(block);
    return bench_now_s() - start;
}

/* The bits of `path` say from which of two places each level calls the next: as many stacks as there are paths. */
static __attribute__((noinline, noclone)) double walk(unsigned path, unsigned depth, size_t bytes)
{
    volatile double taken_s = 0; /* what comes after the call keeps the frame */
    if (depth == 0)
        taken_s = use(bytes);
    else if (path & 1)
        taken_s = walk(path >> 1, depth - 1, bytes);
    else
        taken_s = walk(path >> 1, depth - 1, bytes) + 0;
    return taken_s;
}

int main(int argc, char **argv)
{
    const unsigned sites = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 64;
    const size_t bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 8192) << 10;
    const int times = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 20;
    double *taken_s = calloc(sites, sizeof *taken_s), first_s;
    for (int i = 0; i < 3; i++)
        use(bytes); /* the first block of a size faults whatever anybody does */
    for (unsigned i = 0; i < sites; i++)
        taken_s[i] = walk(i, 6, bytes);
    first_s = bench_median(taken_s, sites);
    for (int again = 0; again < times; again++)
        for (unsigned i = 0; i < sites; i++)
            taken_s[i] = walk(i, 6, bytes);
    printf("%.3f %.3f\n", first_s * 1e6, bench_median(taken_s, sites) * 1e6);
    free(taken_s);
    return 0;
}
