/* Threads whose first act is malloc, all at once, in a process that has done nothing before (rule 8): small blocks,
 * large ones, and both; each frees what another made, and ends. */
#include <pthread.h>
#include <stdatomic.h>

#include "t_malloc_help.h"

enum {
    THREADS = 64,
    ROUNDS = 3
};

static pthread_barrier_t start, made;
static char *blocks[THREADS];
static size_t sizes[THREADS];
static int kind; /* 0 small, 1 large, 2 every other one */

static void *run(void *arg)
{
    const int self = (int)(intptr_t)arg, other = (self + 1) % THREADS;
    const size_t bytes =
        kind == 0 || (kind == 2 && self % 2) ? 100u + (unsigned)self : 2 * MiB + (unsigned)self * 4096u;
    pthread_barrier_wait(&start);
    blocks[self] = malloc(bytes);
    sizes[self] = bytes;
    pattern_put(blocks[self], bytes, (uint64_t)self);
    pthread_barrier_wait(&made);
    CHECK(pattern_holds(blocks[other], sizes[other], sizes[other], (uint64_t)other), "block of thread %d", other);
    free(blocks[other]);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    pthread_barrier_init(&start, NULL, THREADS);
    pthread_barrier_init(&made, NULL, THREADS);
    kind = argc > 1 ? atoi(argv[1]) : 1;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < THREADS; i++)
            CHECK(pthread_create(&threads[i], NULL, run, (void *)(intptr_t)i) == 0, "thread %d", i);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
    }
    return check_result();
}
