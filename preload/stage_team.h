/* The team: threads that help with work on large ranges of memory, beside those that have it to do: staged copies, and
 * making blocks resident.
 *
 * A copy is cut into chunks (a slot each) and these into pieces.  Whoever makes the copy opens chunks; it and the
 * helpers take pieces of open chunks, one by one.  Helpers are started at need and end when there was nothing to do for
 * a while.  Lock: RANK_TEAM, for the list of copies. */
#ifndef AUTOPIN_STAGE_TEAM_H
#define AUTOPIN_STAGE_TEAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/pace.h"

struct stage_job {
    enum direction dir;
    int (*piece)(struct stage_job *job, char *slot, char *host,
                 size_t bytes); /* what to do; -errno: the job has failed */
    char *host;
    size_t bytes, chunk_bytes; /* a chunk is whole pieces */
    _Atomic unsigned depth;    /* it shrinks when there are no more slots, before chunk `depth` is opened */
    unsigned threads;
    char *slot[PACE_DEPTH_MOST];            /* chunk n is in slot n % depth; written before the chunk is opened */
    _Atomic uint32_t done[PACE_DEPTH_MOST]; /* pieces of that chunk that are through */
    _Atomic uint32_t open, taken;           /* pieces that may be taken, and those that were */
    _Atomic uint32_t progress;              /* changes when a chunk is through, or a helper leaves */
    _Atomic int failed;                     /* host memory that cannot be read, or written */
    unsigned helpers;                       /* at work on it; lock */
    int leaving;                            /* its maker waits for them; lock */
    struct stage_job *next;                 /* lock */
};

/* Chunks of the copy. */
uint32_t team_chunks(const struct stage_job *job);

/* Bytes of a chunk: the last may be shorter. */
size_t team_chunk_bytes(const struct stage_job *job, uint32_t chunk);

/* From now on others help; starts helpers if need be. */
void team_add(struct stage_job *job);

/* No more; returns when nobody is at work on it. */
void team_remove(struct stage_job *job);

/* The first `chunks` may be worked on. */
void team_open(struct stage_job *job, uint32_t chunks);

/* Does one piece; 0: there is none just now. */
int team_help(struct stage_job *job);

/* Whether all pieces of a chunk are through; and waits until they are, or until the copy has failed. */
int team_is_through(const struct stage_job *job, uint32_t chunk);
void team_wait(struct stage_job *job, uint32_t chunk);

/* Copies that are being staged just now. */
unsigned team_jobs(void);

void team_fork_take(void);
void team_fork_drop(void);
void team_fork_child(void);

#endif
