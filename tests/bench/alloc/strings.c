/* Texts and vectors that grow by realloc: many short ones at once, and some up to several MiB.
 *
 * usage: strings ROUNDS */
#include "tests/bench/alloc/random.h"
#include "tests/bench/bench.h"

#include <string.h>

enum {
    TEXTS = 2000,
    PIECES = 24
};
static const size_t LONG_BYTES = (size_t)4 << 20;

/* Grows by half as much again, as a C++ or Python vector does. */
static char *grow_long(void)
{
    size_t bytes = 0, room = 64;
    char *vector = malloc(room);
    bench_need(vector != NULL, "malloc");
    while (bytes < LONG_BYTES) {
        if (bytes + 64 > room) {
            room += room / 2 + 64;
            char *more = realloc(vector, room);
            bench_need(more != NULL, "realloc");
            vector = more;
        }
        memset(vector + bytes, (int)bytes, 64);
        bytes += 64;
    }
    return vector;
}

static void grow_short(char **texts, uint64_t *random)
{
    size_t bytes[TEXTS] = {0};
    for (int piece = 0; piece < PIECES; piece++) {
        for (int i = 0; i < TEXTS; i++) {
            const size_t more = 1 + random_below(random, 60);
            texts[i] = realloc(texts[i], bytes[i] + more);
            bench_need(texts[i] != NULL, "realloc");
            memset(texts[i] + bytes[i], piece, more);
            bytes[i] += more;
        }
    }
}

int main(int argc, char **argv)
{
    const long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 50;
    uint64_t random = 1;
    for (long round = 0; round < rounds; round++) {
        char *texts[TEXTS] = {0};
        grow_short(texts, &random);
        free(grow_long());
        for (int i = 0; i < TEXTS; i++)
            free(texts[i]);
    }
    return 0;
}
