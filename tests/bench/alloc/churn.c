/* Large blocks of random size, a few live at once, each touched once and never copied.
 *
 * usage: churn BLOCKS [LEAST_KIB MOST_KIB] */
#include "tests/bench/alloc/random.h"
#include "tests/bench/bench.h"

enum {
    LIVE = 8
};

int main(int argc, char **argv)
{
    const long blocks = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
    const size_t least = (argc > 2 ? strtoul(argv[2], NULL, 10) : 1024) << 10;
    const size_t most = (argc > 3 ? strtoul(argv[3], NULL, 10) : 32768) << 10;
    uint64_t random = 1;
    char *live[LIVE] = {0};
    for (long i = 0; i < blocks; i++) {
        const size_t bytes = least + random_below(&random, most - least);
        char **slot = &live[random_below(&random, LIVE)];
        free(*slot);
        *slot = malloc(bytes);
        bench_need(*slot != NULL, "malloc");
        bench_touch(*slot, bytes);
    }
    for (int i = 0; i < LIVE; i++)
        free(live[i]);
    return 0;
}
