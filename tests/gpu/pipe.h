/* The pipeline of a staged copy, by hand, with every dimension free: what preload/stage.c does without its limits.
 *
 * A copy is cut into chunks, a slot each, and these into pieces.  Threads fill (or drain) slots piece by piece while
 * the chunks before are on the link.  One copy at a time; no lock; the helpers live for one call. */
#ifndef AUTOPIN_GPU_PIPE_H
#define AUTOPIN_GPU_PIPE_H

#include "policy/site.h"
#include "tests/gpu/gpu.h"

enum {
    PIPE_DEPTH_MOST = 8,
    PIPE_TEAM_MOST = 64,
    PIPE_PIECE = 256 << 10 /* bytes that one thread moves at a time */
};
#define PIPE_CHUNK_MOST (8 * MIB)

struct pipe_shape {
    unsigned threads; /* the caller among them */
    size_t chunk;     /* bytes, whole pieces */
    unsigned depth;   /* slots */
    int stream;       /* the mover of preload/stage_move.c, else memcpy */
};

/* What a copy works with; made by the caller, the same throughout. */
struct pipe {
    struct bench_cuda *cu;
    CUdeviceptr device; /* as large as the arena */
    CUevent event[PIPE_DEPTH_MOST];
    char *slots; /* PIPE_DEPTH_MOST of PIPE_CHUNK_MOST bytes, pinned */
    char *arena; /* the host side of copies goes through it, so that it is not in the caches */
    size_t arena_bytes;
};

/* The median of several copies of `bytes`, at most 1 GiB.  Units: GB/s.  Context: current. */
double pipe_gbps(const struct pipe *pipe, enum direction dir, size_t bytes, struct pipe_shape shape);

/* One thread moves memory between a slot and the host. */
void pipe_move(enum direction dir, int stream, char *slot, char *host, size_t bytes);

#endif
