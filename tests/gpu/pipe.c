/* The pipeline of a staged copy, by hand.  See pipe.h. */
#define _GNU_SOURCE
#include "tests/gpu/pipe.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "preload/stage_move.h"

enum {
    REPEATS = 5,
    SPINS = 200
};
#define CHUNKS_MOST (GIB / PIPE_PIECE)

static const struct pipe *parts;
static size_t arena_at;

/* The copy that is going on; pieces are taken by whoever is free. */
static struct {
    enum direction dir;
    struct pipe_shape shape;
    char *host;
    size_t bytes;
    uint32_t chunks;
    _Atomic uint32_t open, taken; /* pieces */
    _Atomic uint32_t done[CHUNKS_MOST];
    _Atomic int stop;
} job;

static size_t chunk_bytes(uint32_t chunk)
{
    const size_t left = job.bytes - chunk * job.shape.chunk;
    return left < job.shape.chunk ? left : job.shape.chunk;
}

static char *slot_of(uint32_t chunk)
{
    return parts->slots + chunk % job.shape.depth * PIPE_CHUNK_MOST;
}

void pipe_move(enum direction dir, int stream, char *slot, char *host, size_t bytes)
{
    if (stream)
        bench_need(stage_move(dir, slot, host, bytes) == 0, "stage_move");
    else
        memcpy(dir == DIR_H2D ? slot : host, dir == DIR_H2D ? host : slot, bytes);
}

/* Does a piece, if there is one. */
static int help(void)
{
    uint32_t piece = atomic_load(&job.taken);
    do {
        if (piece >= atomic_load(&job.open))
            return 0;
    } while (!atomic_compare_exchange_weak(&job.taken, &piece, piece + 1));
    const size_t at = (size_t)piece * PIPE_PIECE, left = job.bytes - at;
    const uint32_t chunk = (uint32_t)(at / job.shape.chunk);
    pipe_move(job.dir, job.shape.stream, slot_of(chunk) + at % job.shape.chunk, job.host + at,
              left < PIPE_PIECE ? left : PIPE_PIECE);
    atomic_fetch_add(&job.done[chunk], 1);
    return 1;
}

static void *helper(void *arg)
{
    for (int spins = 0; !atomic_load(&job.stop); spins++) {
        if (help())
            spins = 0;
        else if (spins > SPINS)
            sched_yield();
    }
    return arg;
}

static int is_through(uint32_t chunk)
{
    return atomic_load(&job.done[chunk]) == (chunk_bytes(chunk) + PIPE_PIECE - 1) / PIPE_PIECE;
}

static void open_chunks(uint32_t chunks)
{
    const size_t bytes = chunks * job.shape.chunk;
    atomic_store(&job.open, (uint32_t)(((bytes < job.bytes ? bytes : job.bytes) + PIPE_PIECE - 1) / PIPE_PIECE));
}

static void transfer(uint32_t chunk)
{
    const CUdeviceptr at = parts->device + chunk * job.shape.chunk;
    const CUresult result =
        job.dir == DIR_H2D ? parts->cu->cuMemcpyHtoDAsync_v2(at, slot_of(chunk), chunk_bytes(chunk), parts->cu->stream)
                           : parts->cu->cuMemcpyDtoHAsync_v2(slot_of(chunk), at, chunk_bytes(chunk), parts->cu->stream);
    bench_need(result == CUDA_SUCCESS, "transfer");
    bench_need(parts->cu->cuEventRecord(parts->event[chunk % job.shape.depth], parts->cu->stream) == CUDA_SUCCESS,
               "cuEventRecord");
}

static int is_over(uint32_t chunk)
{
    return parts->cu->cuEventQuery(parts->event[chunk % job.shape.depth]) == CUDA_SUCCESS;
}

static void await(uint32_t chunk)
{
    bench_need(parts->cu->cuEventSynchronize(parts->event[chunk % job.shape.depth]) == CUDA_SUCCESS,
               "cuEventSynchronize");
}

static void send_all(void)
{
    const uint32_t depth = job.shape.depth;
    uint32_t opened = 0, sent = 0;
    while (sent < job.chunks) {
        while (opened < job.chunks && (opened < depth || (opened - depth < sent && is_over(opened - depth))))
            open_chunks(++opened);
        if (sent < opened && is_through(sent))
            transfer(sent++);
        else if (!help() && sent == opened)
            await(opened - depth);
    }
    bench_need(parts->cu->cuStreamSynchronize(parts->cu->stream) == CUDA_SUCCESS, "cuStreamSynchronize");
}

static void fetch_all(void)
{
    const uint32_t depth = job.shape.depth;
    uint32_t fetched = 0, arrived = 0, through = 0;
    while (through < job.chunks) {
        while (fetched < job.chunks && (fetched < depth || fetched - depth < through))
            transfer(fetched++);
        if (arrived < fetched && is_over(arrived)) {
            open_chunks(++arrived);
        } else if (!help() && arrived < fetched && arrived == through) {
            await(arrived);
        }
        while (through < arrived && is_through(through))
            through++;
    }
}

/* Nobody is at work on a piece: all of the copy before are done. */
static double copy_s(enum direction dir, size_t bytes)
{
    atomic_store(&job.open, 0);
    atomic_store(&job.taken, 0);
    if (arena_at + bytes > parts->arena_bytes)
        arena_at = 0;
    job.dir = dir;
    job.host = parts->arena + arena_at;
    job.bytes = bytes;
    job.chunks = (uint32_t)((bytes + job.shape.chunk - 1) / job.shape.chunk);
    arena_at += bytes;
    for (uint32_t i = 0; i < job.chunks; i++)
        atomic_store(&job.done[i], 0);
    const double start = bench_now_s();
    if (dir == DIR_H2D)
        send_all();
    else
        fetch_all();
    return bench_now_s() - start;
}

double pipe_gbps(const struct pipe *pipe, enum direction dir, size_t bytes, struct pipe_shape shape)
{
    pthread_t team[PIPE_TEAM_MOST];
    double taken[REPEATS];
    parts = pipe;
    job.shape = shape;
    atomic_store(&job.open, 0);
    atomic_store(&job.taken, 0);
    atomic_store(&job.stop, 0);
    for (unsigned i = 1; i < shape.threads; i++)
        bench_need(pthread_create(&team[i], NULL, helper, NULL) == 0, "pthread_create");
    copy_s(dir, bytes);
    for (int i = 0; i < REPEATS; i++)
        taken[i] = copy_s(dir, bytes);
    atomic_store(&job.stop, 1);
    for (unsigned i = 1; i < shape.threads; i++)
        pthread_join(team[i], NULL);
    return (double)bytes / bench_median(taken, REPEATS) * 1e-9;
}
