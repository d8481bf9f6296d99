/* Allocates and frees small blocks in a loop; callgrind counts the instructions inside pair_loop().
 *
 * usage: small_pair PAIRS [malloc|calloc|realloc]          sizes go round from 16 to 4096 bytes; realloc: of one block
 */
#include "tests/bench/bench.h"

void pair_loop(long pairs);

static char kind = 'm';

__attribute__((noinline)) void pair_loop(long pairs)
{
    size_t bytes = 16;
    char *kept = NULL;
    for (long i = 0; i < pairs; i++) {
        char *block = kind == 'm' ? malloc(bytes) : kind == 'c' ? calloc(1, bytes) : realloc(kept, bytes);
        bench_need(block != NULL, "the allocation");
        *(volatile char *)block = 1;
        if (kind == 'r')
            kept = block;
        else
            free(block);
        bytes = bytes >= 4096 ? 16 : bytes + 48;
    }
    free(kept);
}

int main(int argc, char **argv)
{
    long pairs = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000;
    if (argc > 2)
        kind = argv[2][0];
    for (int i = 1; i <= 100; i++)
        free(malloc((size_t)i * 40)); /* binds the symbols and fills the allocator's caches, not counted */
    pair_loop(pairs);
    return 0;
}
