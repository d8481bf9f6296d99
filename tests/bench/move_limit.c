/* What staged copies cannot beat: all cores move memory that was never copied before into a ring of slots, or out of
 * one, piece by piece as preload/stage_team.c has them moved, and nobody waits for a driver.
 *
 * usage: move_limit mmap|file MIB COPIES     output: "h2d GB_PER_S" and, not for files, "d2h GB_PER_S"; the medians */
#define _GNU_SOURCE
#include "preload/stage_move.c" /* NOLINT(bugprone-suspicious-include): it is what is measured */

#include <pthread.h>

#include "policy/pace.h"
#include "tests/bench/cold.h"

enum {
    PIECE = PACE_CHUNK_LEAST,
    RING_BYTES = 16 << 20,
    THREADS_MOST = 16
};

static char ring[RING_BYTES];

struct work {
    enum direction dir;
    char *host;
    size_t bytes;
    _Atomic size_t next;
};

static void *move_pieces(void *arg)
{
    struct work *work = arg;
    for (size_t at; (at = atomic_fetch_add(&work->next, PIECE)) < work->bytes;)
        bench_need(stage_move(work->dir, ring + at % RING_BYTES, work->host + at, PIECE) == 0, "a piece");
    return NULL;
}

/* With the threads' start, some 30 us of some ms. */
static double move_all_s(struct work *work, long threads)
{
    pthread_t thread[THREADS_MOST];
    const double start = bench_now_s();
    for (long i = 1; i < threads; i++)
        bench_need(pthread_create(&thread[i], NULL, move_pieces, work) == 0, "a thread");
    move_pieces(work);
    for (long i = 1; i < threads; i++)
        pthread_join(thread[i], NULL);
    return bench_now_s() - start;
}

int main(int argc, char **argv)
{
    const size_t bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 64) << 20;
    const size_t copies = argc > 3 ? strtoul(argv[3], NULL, 10) : 9;
    const int file = argc > 1 && strcmp(argv[1], "file") == 0 ? cold_file(bytes) : -1;
    double *taken_s = calloc(copies, sizeof *taken_s);
    long threads = sysconf(_SC_NPROCESSORS_ONLN);
    threads = threads < THREADS_MOST ? threads : THREADS_MOST;
    bench_touch(ring, sizeof ring);
    for (int dir = DIR_H2D; dir < (file < 0 ? DIR_COUNT : DIR_D2H); dir++) {
        for (size_t i = 0; i < copies; i++) {
            struct work work = {.dir = (enum direction)dir, .host = cold_map(file, bytes), .bytes = bytes};
            taken_s[i] = move_all_s(&work, threads);
            munmap(work.host, bytes);
        }
        printf("%s %.2f\n", dir == DIR_H2D ? "h2d" : "d2h", (double)bytes / bench_median(taken_s, copies) * 1e-9);
    }
    free(taken_s);
    return 0;
}
