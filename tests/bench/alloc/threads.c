/* Threads that allocate and free large blocks, each a size of its own so that no two need the same free list, or all
 * the same size.
 *
 * usage: threads THREADS MILLISECONDS touch|leave own|same [KIB]     output: one line "PAIRS_PER_S" (of all threads)
 */
#define _GNU_SOURCE
#include "tests/bench/bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static _Atomic int go, stop;
static int touch;

struct worker {
    pthread_t id;
    size_t bytes;
    long pairs;
    char padding[128]; /* a cache line, and the one fetched with it */
};

static void pair(const struct worker *worker)
{
    char *block = malloc(worker->bytes);
    bench_need(block != NULL, "malloc");
    if (touch)
        bench_touch(block, worker->bytes);
    free(block);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    for (int i = 0; i < 50; i++)
        pair(worker);
    atomic_fetch_sub(&go, 1);
    while (atomic_load_explicit(&go, memory_order_acquire) > 0)
        sched_yield();
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        pair(worker);
        worker->pairs++;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    bench_need(argc >= 5, "usage: threads THREADS MILLISECONDS touch|leave own|same [KIB];");
    const int threads = (int)strtol(argv[1], NULL, 10), own = strcmp(argv[4], "own") == 0;
    const long ms = strtol(argv[2], NULL, 10);
    const size_t bytes = (argc > 5 ? strtoul(argv[5], NULL, 10) : 1024) << 10;
    struct worker *workers = calloc((size_t)threads, sizeof *workers);
    const struct timespec length = {ms / 1000, ms % 1000 * 1000000};
    long pairs = 0;

    touch = strcmp(argv[3], "touch") == 0;
    atomic_store(&go, threads + 1);
    for (int i = 0; i < threads; i++) {
        workers[i].bytes = bytes + (own ? (size_t)i * (bytes / 8) : 0);
        bench_need(pthread_create(&workers[i].id, NULL, work, &workers[i]) == 0, "pthread_create");
    }
    while (atomic_load(&go) > 1)
        sched_yield();
    const double start = bench_now_s();
    atomic_fetch_sub(&go, 1);
    nanosleep(&length, NULL);
    const double taken_s = bench_now_s() - start;
    atomic_store(&stop, 1);
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].id, NULL);
        pairs += workers[i].pairs;
    }
    printf("%.0f\n", (double)pairs / taken_s);
    free(workers);
    return 0;
}
