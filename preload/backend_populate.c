/* Making memory resident before it is locked.  See backend.h.  No lock. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "backend.h"
#include "policy/engine.h"
#include "policy/pace.h"
#include "policy/prim.h"
#include "stage_team.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

enum {
    PART_BYTES = 32 << 20 /* takes some milliseconds */
};

/* What cannot be populated is left to whoever locks. */
static int populate_piece(struct stage_job *job, char *slot, char *base, size_t bytes)
{
    (void)job;
    (void)slot;
    (void)madvise(base, bytes, MADV_POPULATE_WRITE);
    return 0;
}

static void populate_part(char *base, size_t bytes)
{
    struct stage_job job = {.host = base, .bytes = bytes, .chunk_bytes = PART_BYTES, .piece = populate_piece};
    atomic_store(&job.depth, 1);
    job.threads = pace_background_threads();
    team_add(&job);
    team_open(&job, 1);
    while (team_help(&job))
        ;
    team_remove(&job);
}

int backend_populate(char *base, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += PART_BYTES) {
        const size_t left = bytes - at, part = left < PART_BYTES ? left : PART_BYTES;
        if (!engine_pause())
            return -ECANCELED;
        if (prim_resident_bytes(base + at, part) < part)
            populate_part(base + at, part);
    }
    return 0;
}
