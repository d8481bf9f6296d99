/* The team of preload/stage_team.c under several copies at once; for ThreadSanitizer (make tsan), and run plain by make
 * check.  Each maker opens chunks, waits until they are through, checks them and uses their slots again. */
#include "preload/stage_team.c"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAKERS = 3,
    COPIES = 60,
    DEPTH = 3,
    CHUNK = 2 * PIECE,
    BYTES_MOST = 11 * PIECE + 12345,
    FAILS = 7 /* every seventh copy */
};

__thread struct self self;
static _Atomic int wrong, helped;

int thread_start(void *(*body)(void *), void *arg)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, arg))
        return -EAGAIN;
    return -pthread_detach(thread);
}

static __thread int is_maker;

static int fill_slot(struct stage_job *job, char *slot, char *host, size_t bytes)
{
    helped += !is_maker;
    if (job->dir == DIR_D2H && host - job->host >= 5 * PIECE)
        return -EFAULT;
    memcpy(slot, host, bytes);
    return 0;
}

/* Chunk after chunk; a failing copy (dir: D2H) is given up.  Returns how many were through. */
static uint32_t copy_all(struct stage_job *job, char *to)
{
    const uint32_t chunks = team_chunks(job);
    uint32_t open = 0, through = 0;
    while (through < chunks) {
        while (open < chunks && open < through + DEPTH) {
            atomic_store(&job->done[open % DEPTH], 0);
            team_open(job, ++open);
        }
        while (!team_is_through(job, through) && team_help(job))
            ;
        team_wait(job, through);
        if (!team_is_through(job, through))
            return through;
        memcpy(to + (size_t)through * CHUNK, job->slot[through % DEPTH], team_chunk_bytes(job, through));
        through++;
    }
    return through;
}

static void *make_copies(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    char *from = malloc(BYTES_MOST), *to = malloc(BYTES_MOST), *slots = malloc((size_t)DEPTH * CHUNK);
    is_maker = 1;
    for (int i = 0; i < COPIES; i++) {
        struct stage_job job = {
            .dir = i % FAILS ? DIR_H2D : DIR_D2H, .piece = fill_slot, .host = from, .chunk_bytes = CHUNK, .threads = 3};
        job.bytes = 6 * PIECE + (size_t)rand_r(&seed) % (BYTES_MOST - 6 * PIECE);
        atomic_store(&job.depth, DEPTH);
        for (int slot = 0; slot < DEPTH; slot++)
            job.slot[slot] = slots + (size_t)slot * CHUNK;
        memset(from, rand_r(&seed), job.bytes);
        memset(to, 0, job.bytes);
        team_add(&job);
        const uint32_t through = copy_all(&job, to);
        team_remove(&job);
        const size_t bytes = through == team_chunks(&job) ? job.bytes : (size_t)through * CHUNK;
        if (memcmp(from, to, bytes) != 0 || (job.dir == DIR_H2D) != (bytes == job.bytes))
            wrong++;
    }
    free(from);
    free(to);
    free(slots);
    return NULL;
}

int main(void)
{
    pthread_t makers[MAKERS];
    for (uintptr_t i = 0; i < MAKERS; i++)
        if (pthread_create(&makers[i], NULL, make_copies, (void *)(i + 1)))
            abort();
    for (int i = 0; i < MAKERS; i++)
        pthread_join(makers[i], NULL);
    printf("team: %d copies, %d pieces by helpers, %d wrong: %s\n", MAKERS * COPIES, helped, wrong,
           wrong || !helped ? "FAIL" : "ok");
    return wrong || !helped;
}
