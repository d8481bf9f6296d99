/* Threads that each allocate blocks of a size of their own, all of them at work at once, keep their memory from block
 * to block, as glibc's heaps of theirs would: what stays resident is not bounded by one thread's largest block. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/resource.h>

#include "t_malloc_help.h"

enum {
    THREADS = 8,
    ROUNDS = 200
};
static pthread_barrier_t all_have, all_gave;
static long warm_faults;

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static void *work(void *number)
{
    const size_t bytes = 2 * MiB + (size_t)number * MiB / 2;
    for (int i = 0; i < ROUNDS; i++) {
        char *block = opaque(malloc(bytes));
        for (size_t at = 0; at < bytes; at += 4096)
            block[at] = 1;
        pthread_barrier_wait(&all_have);
        free(block);
        if (pthread_barrier_wait(&all_gave) && i == ROUNDS / 2)
            warm_faults = faults();
    }
    return NULL;
}

int main(void)
{
    pthread_t thread[THREADS];
    long pages = 0;
    alarm(100);
    pthread_barrier_init(&all_have, NULL, THREADS);
    pthread_barrier_init(&all_gave, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        pages += (long)((2 * MiB + i * MiB / 2) / 4096) * (ROUNDS / 2);
        CHECK(pthread_create(&thread[i], NULL, work, (void *)i) == 0, "thread %zu", i); /* NOLINT */
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    const long more = faults() - warm_faults;
    CHECK(more < pages / 20, "%ld page faults, %ld pages touched", more, pages);
    return check_result();
}
