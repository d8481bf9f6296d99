/* Staged copies by hand, over chunk, depth, threads and stores, and how near to the best policy/pace.c plans.
 *
 * The pipeline of preload/stage.c without the library (pipe.h).  The mover is preload/stage_move.c itself ("stream"),
 * or memcpy ("plain").  pace.c is linked in and told what was measured here.
 *
 * usage: stage_sweep LIMIT_S [THREADS_MOST]
 * output: "link DIR BYTES GB_PER_S", pinned by hand;  "stage DIR BYTES THREADS CHUNK DEPTH STORES GB_PER_S", medians;
 * "plan DIR BYTES THREADS CHUNK DEPTH stream GB_PER_S", what pace.c says and how it does.  Exit 77 without a driver or
 * device. */
#define _GNU_SOURCE
#include "tests/gpu/pipe.h"

#include <unistd.h>

#include "policy/pace.h"

enum {
    REPEATS = 5
};
#define GRID_BYTES (64 * MIB)

static struct bench_cuda cu;
static struct pipe parts = {.cu = &cu};
static const char *const dir_names[] = {"h2d", "d2h"};

static double try_shape(const char *word, enum direction dir, size_t bytes, struct pipe_shape shape)
{
    const double gbps = pipe_gbps(&parts, dir, bytes, shape);
    printf("%s %s %zu %u %zu %u %s %.3f\n", word, dir_names[dir], bytes, shape.threads, shape.chunk, shape.depth,
           shape.stream ? "stream" : "plain", gbps);
    fflush(stdout);
    return gbps;
}

/* --- what pace.c plans ------------------------------------------------------------------------------------------- */

static double now_ns(void)
{
    return bench_now_s() * 1e9;
}

/* Chunks that follow each other on the link. */
static double link_ns(enum direction dir, size_t bytes)
{
    enum {
        IN_A_ROW = 16
    };
    const double start = now_ns();
    for (int i = 0; i < IN_A_ROW; i++) {
        const double called = now_ns();
        bench_need((dir == DIR_H2D
                        ? cu.cuMemcpyHtoDAsync_v2(parts.device, parts.slots, bytes, cu.stream)
                        : cu.cuMemcpyDtoHAsync_v2(parts.slots, parts.device, bytes, cu.stream)) == CUDA_SUCCESS,
                   "transfer");
        cu.cuEventRecord(parts.event[0], cu.stream);
        pace_call_seen((uint64_t)(now_ns() - called));
    }
    cu.cuStreamSynchronize(cu.stream);
    return (now_ns() - start) / IN_A_ROW;
}

static void tell_pace(enum direction dir)
{
    for (int i = 0; i < 64; i++) {
        const double start = now_ns();
        pipe_move(dir, 1, parts.slots, parts.arena + (size_t)i * PIPE_PIECE, PIPE_PIECE);
        pace_piece_seen(dir, PIPE_PIECE, (uint64_t)(now_ns() - start));
        pace_link_seen(dir, MIB, (uint64_t)link_ns(dir, MIB));
    }
}

static void say_link(enum direction dir, size_t bytes)
{
    double taken[REPEATS];
    void *memory = NULL;
    if (cu.cuMemHostAlloc(&memory, bytes, 0) != CUDA_SUCCESS)
        return;
    for (int i = 0; i < REPEATS; i++) {
        const double start = bench_now_s();
        bench_need((dir == DIR_H2D ? cu.cuMemcpyHtoD_v2(parts.device, memory, bytes)
                                   : cu.cuMemcpyDtoH_v2(memory, parts.device, bytes)) == CUDA_SUCCESS,
                   "copy");
        taken[i] = bench_now_s() - start;
    }
    cu.cuMemFreeHost(memory);
    printf("link %s %zu %.3f\n", dir_names[dir], bytes, (double)bytes / bench_median(taken, REPEATS) * 1e-9);
}

/* --- the grid ---------------------------------------------------------------------------------------------------- */

static void sweep(enum direction dir, unsigned threads_most, struct pipe_shape best[3])
{
    static const unsigned threads[] = {8, 4, 6, 2, 1, 3, 12, 16}, depths[] = {3, 4, 2, 8};
    static const size_t chunks[] = {MIB, 512 * KIB, 2 * MIB, 256 * KIB, 4 * MIB, PIPE_CHUNK_MOST};
    double best_gbps[3] = {0};
    for (size_t i = 0; i < 8 * 6 * 4 * 2; i++) {
        const struct pipe_shape shape = {threads[i / 2 % 8], chunks[i / 16 % 6], depths[i / 96], i % 2 == 0};
        /* memcpy is compared at one chunk and depth only */
        if (shape.threads > threads_most || (!shape.stream && (shape.chunk != MIB || shape.depth != 4)))
            continue;
        if (gpu_late()) {
            printf("# stage %s: no time left for depth %u, chunk %zu and more\n", dir_names[dir], shape.depth,
                   shape.chunk);
            break;
        }
        const double gbps = try_shape("stage", dir, GRID_BYTES, shape);
        for (int at = 0; at < 3; at++) {
            if (gbps <= best_gbps[at])
                continue;
            for (int k = 2; k > at; k--)
                best_gbps[k] = best_gbps[k - 1], best[k] = best[k - 1];
            best_gbps[at] = gbps, best[at] = shape;
            break;
        }
    }
}

static void compare(enum direction dir, const struct pipe_shape best[3])
{
    for (size_t bytes = 4 * MIB; bytes <= GIB && bytes <= parts.arena_bytes; bytes *= 4) {
        const struct pace pace = pace_plan(dir, bytes, 1);
        const struct pipe_shape plan = {pace.threads, pace.chunk_bytes, pace.depth, 1};
        say_link(dir, bytes);
        try_shape("plan", dir, bytes, plan);
        for (int i = 0; i < 3 && bytes != GRID_BYTES; i++)
            if (best[i].threads)
                try_shape("stage", dir, bytes, best[i]);
    }
}

int main(int argc, char **argv)
{
    const unsigned cores = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads_most = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : cores;
    const double limit = argc > 1 ? strtod(argv[1], NULL) : 60, start = bench_now_s();
    const struct options options = {.staging_threads = 8, .staging_min = MIB}; /* as options.def has them */
    struct pipe_shape best[DIR_COUNT][3] = {0};
    if (threads_most > PIPE_TEAM_MOST)
        threads_most = PIPE_TEAM_MOST;
    cu = bench_cuda();
    parts.arena_bytes = gpu_host_free() / 4 > GIB ? GIB : 256 * MIB;
    parts.arena = gpu_map(parts.arena_bytes, 0);
    bench_touch(parts.arena, parts.arena_bytes);
    bench_need(cu.cuMemAlloc_v2(&parts.device, parts.arena_bytes) == CUDA_SUCCESS, "cuMemAlloc");
    bench_need(cu.cuMemHostAlloc((void **)&parts.slots, PIPE_DEPTH_MOST * PIPE_CHUNK_MOST, 0) == CUDA_SUCCESS,
               "cuMemHostAlloc");
    for (int i = 0; i < PIPE_DEPTH_MOST; i++)
        bench_need(cu.cuEventCreate(&parts.event[i], CU_EVENT_DISABLE_TIMING) == CUDA_SUCCESS, "cuEventCreate");
    pace_start(&options, cores, (unsigned)(64 * MIB / PACE_CHUNK_MOST));
    for (enum direction dir = DIR_H2D; dir < DIR_COUNT; dir++) {
        tell_pace(dir);
        gpu_end_s = start + limit * (dir == DIR_H2D ? 0.35 : 0.85); /* the rest is for compare() */
        sweep(dir, threads_most, best[dir]);
        compare(dir, best[dir]);
    }
    return 0;
}
