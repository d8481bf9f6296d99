/* Which block does an address belong to?  Asks for the usable size at random addresses inside live large blocks (not
 * at their beginning, which only autopin answers: not to be run without it), the same number of different ones
 * however many blocks there are, so that the caches hold what the answers need in either case or in neither.
 *
 * usage: interior BLOCKS PROBED LOOKUPS [KIB]     output: one line "NS_PER_LOOKUP" */
#include "tests/bench/alloc/random.h"
#include "tests/bench/bench.h"

#include <malloc.h>

/* PROBED addresses, one in a random block of each PROBED-th part of all blocks, in random order.  Not at equal
 * distances: what such blocks have would share a few sets of the caches, as a program's own data do not. */
static void choose(char **blocks, size_t n_blocks, char **probes, size_t n_probes, size_t bytes)
{
    uint64_t random = 1;
    for (size_t i = 0; i < n_probes; i++) {
        const size_t first = i * n_blocks / n_probes, end = (i + 1) * n_blocks / n_probes;
        const size_t block = end > first ? first + random_below(&random, end - first) : first;
        probes[i] = blocks[block] + 1 + random_below(&random, bytes - 1);
    }
    for (size_t i = n_probes; i-- > 1;) {
        const size_t other = random_below(&random, i + 1);
        char *kept = probes[i];
        probes[i] = probes[other], probes[other] = kept;
    }
}

int main(int argc, char **argv)
{
    const size_t n_blocks = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    const size_t n_probes = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
    const size_t lookups = argc > 3 ? strtoul(argv[3], NULL, 10) : 10000000;
    const size_t bytes = (argc > 4 ? strtoul(argv[4], NULL, 10) : 64) << 10;
    char **blocks = malloc(n_blocks * sizeof *blocks), **probes = calloc(n_probes, sizeof *probes);
    bench_need(blocks && probes, "malloc");
    for (size_t i = 0; i < n_blocks; i++) {
        blocks[i] = malloc(bytes);
        bench_need(blocks[i] != NULL, "malloc of a block");
        bench_need(malloc_usable_size(blocks[i] + bytes / 2) == bytes, "the lookup of an interior address");
    }
    choose(blocks, n_blocks, probes, n_probes, bytes);
    size_t wrong = 0;
    const double start = bench_now_s();
    for (size_t i = 0, at = 0; i < lookups; i++, at = at + 1 == n_probes ? 0 : at + 1)
        wrong += malloc_usable_size(probes[at]) != bytes;
    const double taken_s = bench_now_s() - start;
    bench_need(wrong == 0, "some lookup");
    printf("%.3f\n", taken_s / (double)lookups * 1e9);
    for (size_t i = 0; i < n_blocks; i++)
        free(blocks[i]);
    free(blocks);
    free(probes);
    return 0;
}
