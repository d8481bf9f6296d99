/* Allocates a large block, touches every page and frees it, in a loop.
 *
 * usage: mlock_loop MIB ITERATIONS [WARM-UP]     output: one line "RATE_PER_S FAULTS_PER_ITERATION" */
#include "tests/bench/bench.h"

static __attribute__((noinline)) void one(size_t bytes)
{
    char *block = malloc(bytes);
    bench_need(block != NULL, "malloc");
    bench_touch(block, bytes);
    free(block);
}

int main(int argc, char **argv)
{
    size_t bytes = (argc > 1 ? strtoul(argv[1], NULL, 10) : 64) << 20;
    long iterations = argc > 2 ? strtol(argv[2], NULL, 10) : 100;
    long warm_up = argc > 3 ? strtol(argv[3], NULL, 10) : 20;
    long faults = 0;
    double *taken = calloc((size_t)iterations, sizeof *taken);

    for (long i = 0; i < iterations; i++)
        taken[i] = 1; /* these pages too are there before the count begins */
    /* One loop for both, so that both allocate from the same place in the program; volatile: it is not split in two. */
    for (volatile long i = -warm_up; i < iterations; i++) {
        if (i == 0)
            faults = bench_faults();
        double start = bench_now_s();
        one(bytes);
        if (i >= 0)
            taken[i] = bench_now_s() - start;
    }
    faults = bench_faults() - faults;
    printf("%.1f %.2f\n", 1 / bench_median(taken, (size_t)iterations), (double)faults / (double)iterations);
    free(taken);
    return 0;
}
