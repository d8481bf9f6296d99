/* Threads that come and go, each allocating a few large blocks from the same place and leaving one for the next to
 * free: what is kept for each thread (preload/lane.h) is used again after it, by a forked child too.
 *
 *   t_malloc_lanes [THREADS]        blocks that the parent allocates: 3 for each thread; the child: 9 times ROUNDS + 1
 *
 * build: -pthread
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>

#include "t_malloc_help.h"

enum {
    AT_ONCE = 4,
    CHILD_THREADS = 8,
    DEEP = 12,
    ROUNDS = 200000,
    BLOCK = 300 << 10
};
static const size_t GROWN_MOST = 4 * MiB; /* lanes and what is counted in them: 20 KiB each, 1024 at most */

static char *left;

static void *come_and_go(void *unused)
{
    char *block[3];
    for (int i = 0; i < 3; i++) {
        block[i] = malloc(BLOCK);
        CHECK(block[i], "block %d", i);
        block[i][BLOCK - 1] = 1;
    }
    free(block[0]);
    free(__atomic_exchange_n(&left, block[1], __ATOMIC_ACQ_REL));
    free(block[2]);
    return unused;
}

static void some_threads(long n)
{
    pthread_t thread[AT_ONCE];
    for (long i = 0; i < n; i += AT_ONCE) {
        for (int at = 0; at < AT_ONCE; at++)
            CHECK(pthread_create(&thread[at], NULL, come_and_go, NULL) == 0, "thread %ld", i + at);
        for (int at = 0; at < AT_ONCE; at++)
            pthread_join(thread[at], NULL);
    }
}

static pthread_barrier_t together;

/* One site, whichever thread: so deep that its stack is the same. */
static __attribute__((noinline)) int allocate(int times, int depth)
{
    volatile int done = 0; /* what comes after the call keeps the frame */
    if (depth > 0)
        done = allocate(times, depth - 1);
    else
        for (; done < times; done++) {
            char *volatile block = malloc(BLOCK);
            free(block);
        }
    return done;
}

static void *go_on(void *unused)
{
    (void)allocate(1, DEEP);
    pthread_barrier_wait(&together);
    (void)allocate(ROUNDS, DEEP);
    return unused;
}

/* The thread that forked and others: of the lanes that there are, all but its own are nobody's. */
static int in_child(void)
{
    pthread_t thread[CHILD_THREADS];
    pthread_barrier_init(&together, NULL, CHILD_THREADS + 1);
    for (int at = 0; at < CHILD_THREADS; at++)
        CHECK(pthread_create(&thread[at], NULL, go_on, NULL) == 0, "thread %d", at);
    (void)go_on(NULL);
    for (int at = 0; at < CHILD_THREADS; at++)
        pthread_join(thread[at], NULL);
    return check_result();
}

static size_t mapped_bytes(void)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    CHECK(statm && fscanf(statm, "%lu", &pages) == 1, "statm");
    if (statm)
        fclose(statm);
    return pages * 4096;
}

int main(int argc, char **argv)
{
    const long threads = argc > 1 ? strtol(argv[1], NULL, 10) : 2000;
    mallopt(M_ARENA_MAX, 1); /* each takes 64 MiB of address space */
    some_threads(threads / 10);
    free(malloc(BLOCK)); /* this thread has a lane as well */
    const size_t before = mapped_bytes();
    some_threads(threads - threads / 10);
    const size_t after = mapped_bytes();
    CHECK(after < before + GROWN_MOST, "%zu KiB more", (after - before) / KiB);
    const pid_t child = fork();
    if (child == 0)
        exit(in_child());
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0, "status %#x", status);
    return check_result();
}
