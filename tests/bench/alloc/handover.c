/* Producers allocate, consumers free: every block dies in another thread than the one it was born in.
 *
 * usage: handover PAIRS-OF-THREADS BATCHES */
#include "tests/bench/alloc/random.h"
#include "tests/bench/bench.h"

#include <pthread.h>

enum {
    BATCH = 256,
    QUEUE = 16,
    MOST_BYTES = 512
};

struct batch {
    char *block[BATCH];
};

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct batch *batch[QUEUE];
    long put, taken, batches;
    uint64_t random;
};

static void *produce(void *arg)
{
    struct queue *queue = arg;
    for (long i = 0; i < queue->batches; i++) {
        struct batch *batch = malloc(sizeof *batch);
        bench_need(batch != NULL, "malloc");
        for (int b = 0; b < BATCH; b++) {
            batch->block[b] = malloc(1 + random_below(&queue->random, MOST_BYTES));
            bench_need(batch->block[b] != NULL, "malloc");
            batch->block[b][0] = 1;
        }
        pthread_mutex_lock(&queue->lock);
        while (queue->put - queue->taken == QUEUE)
            pthread_cond_wait(&queue->changed, &queue->lock);
        queue->batch[queue->put++ % QUEUE] = batch;
        pthread_cond_broadcast(&queue->changed);
        pthread_mutex_unlock(&queue->lock);
    }
    return NULL;
}

static void *consume(void *arg)
{
    struct queue *queue = arg;
    for (long i = 0; i < queue->batches; i++) {
        pthread_mutex_lock(&queue->lock);
        while (queue->put == queue->taken)
            pthread_cond_wait(&queue->changed, &queue->lock);
        struct batch *batch = queue->batch[queue->taken++ % QUEUE];
        pthread_cond_broadcast(&queue->changed);
        pthread_mutex_unlock(&queue->lock);
        for (int b = 0; b < BATCH; b++)
            free(batch->block[b]);
        free(batch);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const size_t pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    const long batches = argc > 2 ? strtol(argv[2], NULL, 10) : 10000;
    struct queue *queues = calloc(pairs, sizeof *queues);
    pthread_t *ids = calloc(2 * pairs, sizeof *ids);
    for (size_t i = 0; i < pairs; i++) {
        pthread_mutex_init(&queues[i].lock, NULL);
        pthread_cond_init(&queues[i].changed, NULL);
        queues[i].batches = batches;
        queues[i].random = i + 1;
        bench_need(pthread_create(&ids[2 * i], NULL, produce, &queues[i]) == 0, "pthread_create");
        bench_need(pthread_create(&ids[2 * i + 1], NULL, consume, &queues[i]) == 0, "pthread_create");
    }
    for (size_t i = 0; i < 2 * pairs; i++)
        pthread_join(ids[i], NULL);
    free(ids);
    free(queues);
    return 0;
}
