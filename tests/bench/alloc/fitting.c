/* Pairs of one size, after a larger block has been freed.
 *
 * usage: fitting KIB PAIRS FREED_KIB     (0: no such block)     output: none */
#include "tests/bench/bench.h"

static void *touched(size_t bytes)
{
    char *block = malloc(bytes);
    bench_need(block != NULL, "malloc");
    bench_touch(block, bytes);
    return block;
}

static __attribute__((noinline)) void one(size_t bytes)
{
    free(touched(bytes));
}

int main(int argc, char **argv)
{
    bench_need(argc == 4, "usage: fitting KIB PAIRS FREED_KIB;");
    const size_t bytes = strtoul(argv[1], NULL, 10) << 10, freed_bytes = strtoul(argv[3], NULL, 10) << 10;
    const long pairs = strtol(argv[2], NULL, 10);
    for (int i = 0; freed_bytes && i < 2; i++) /* the first one of its size is not kept */
        free(touched(freed_bytes));
    for (long i = 0; i < pairs; i++)
        one(bytes);
    return 0;
}
