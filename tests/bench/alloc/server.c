/* A server under load: threads that replace blocks of random size in a table each, and at the end of a round hand the
 * table to a new thread, which so frees what others allocated.
 *
 * usage: server THREADS ROUNDS REPLACEMENTS */
#include "tests/bench/alloc/random.h"
#include "tests/bench/bench.h"

#include <pthread.h>

enum {
    SLOTS = 2000,
    LEAST_BYTES = 16,
    MOST_BYTES = 1500
};

struct table {
    char *slot[SLOTS];
    uint64_t random;
    long rounds, replacements;
};

static void replace(struct table *table)
{
    char **slot = &table->slot[random_below(&table->random, SLOTS)];
    const size_t bytes = LEAST_BYTES + random_below(&table->random, MOST_BYTES - LEAST_BYTES);
    free(*slot);
    *slot = malloc(bytes);
    bench_need(*slot != NULL, "malloc");
    (*slot)[0] = (*slot)[bytes - 1] = 1;
}

static void *serve(void *arg)
{
    struct table *table = arg;
    pthread_t next;
    for (long i = 0; i < table->replacements; i++)
        replace(table);
    if (--table->rounds <= 0)
        return NULL;
    bench_need(pthread_create(&next, NULL, serve, table) == 0, "pthread_create");
    pthread_join(next, NULL);
    return NULL;
}

int main(int argc, char **argv)
{
    const long threads = argc > 1 ? strtol(argv[1], NULL, 10) : 2, rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 10;
    const long replacements = argc > 3 ? strtol(argv[3], NULL, 10) : 100000;
    struct table *tables = calloc((size_t)threads, sizeof *tables);
    pthread_t *ids = calloc((size_t)threads, sizeof *ids);
    for (long i = 0; i < threads; i++) {
        tables[i].random = (uint64_t)i + 1;
        tables[i].rounds = rounds;
        tables[i].replacements = replacements;
        bench_need(pthread_create(&ids[i], NULL, serve, &tables[i]) == 0, "pthread_create");
    }
    for (long i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    free(ids);
    free(tables);
    return 0;
}
