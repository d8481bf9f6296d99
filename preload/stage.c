/* Staged copies, chunk by chunk.  See stage.h.  No lock is held here. */
#define _GNU_SOURCE
#include "stage.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "life.h"
#include "policy/cost.h"
#include "policy/pace.h"
#include "policy/prim.h"
#include "stage_int.h"
#include "stage_move.h"

void stage_start(void)
{
    cpu_set_t cpus;
    const int known = sched_getaffinity(0, sizeof cpus, &cpus) == 0;
    pace_start(life_options(), known ? (unsigned)CPU_COUNT(&cpus) : 1, ring_most());
}

/* --- host to device -------------------------------------------------------------------------------------------------
 */

/* Lets the next chunk be filled, if a slot is free for it. */
static int open_chunk(struct stage *s)
{
    if (s->first == s->chunks ||
        (s->first >= s->job.depth && (s->first - s->job.depth >= s->second || !stage_is_over(s, s->first))))
        return 0;
    if (!stage_provide(s, s->first))
        return 0;
    team_open(&s->job, ++s->first);
    return 1;
}

/* The link had nothing to do while the next chunk was filled. */
static void notice_idle(struct stage *s)
{
    if (s->second && s->job.depth > 1 && stage_is_over(s, s->second - 1))
        s->idle++;
}

static CUresult send_chunks(struct stage *s)
{
    CUresult result = CUDA_SUCCESS;
    while (result == CUDA_SUCCESS && s->second < s->chunks && !atomic_load(&s->job.failed)) {
        while (open_chunk(s))
            ;
        if (s->second < s->first && team_is_through(&s->job, s->second)) {
            notice_idle(s);
            result = stage_transfer(s, s->second);
            s->second += result == CUDA_SUCCESS;
        } else if (team_help(&s->job)) {
            continue;
        } else if (s->second < s->first) {
            team_wait(&s->job, s->second);
        } else {
            result = stage_await(s, s->first);
        }
    }
    return result;
}

/* --- device to host -------------------------------------------------------------------------------------------------
 */

/* Sends for the next chunk, if a slot is free for it. */
static CUresult fetch_chunk(struct stage *s, int *fetched)
{
    *fetched = 0;
    if (s->first == s->chunks || (s->first >= s->job.depth && s->first - s->job.depth >= s->through))
        return CUDA_SUCCESS;
    if (!stage_provide(s, s->first))
        return CUDA_SUCCESS;
    const CUresult result = stage_transfer(s, s->first);
    *fetched = result == CUDA_SUCCESS;
    s->first += (uint32_t)*fetched;
    return result;
}

static void arrived(struct stage *s)
{
    team_open(&s->job, ++s->second);
}

static void notice_through(struct stage *s)
{
    while (s->through < s->second && team_is_through(&s->job, s->through))
        s->through++;
}

static CUresult fetch_chunks(struct stage *s)
{
    CUresult result = CUDA_SUCCESS;
    int fetched = 0;
    while (result == CUDA_SUCCESS && s->through < s->chunks && !atomic_load(&s->job.failed)) {
        while ((result = fetch_chunk(s, &fetched)) == CUDA_SUCCESS && fetched)
            ;
        if (result != CUDA_SUCCESS)
            break;
        if (s->second < s->first && stage_is_over(s, s->second)) {
            arrived(s);
        } else if (team_help(&s->job)) {
            ;
        } else if (s->second < s->first) {
            if ((result = stage_await(s, s->second)) == CUDA_SUCCESS)
                arrived(s);
        } else {
            team_wait(&s->job, s->through);
        }
        notice_through(s);
    }
    return result;
}

/* --- the whole ------------------------------------------------------------------------------------------------------
 */

/* Gives the slots back.  A copy that may return before its transfers are over leaves them marked; one that has failed
 * leaves nothing behind that would still change the device's memory. */
static CUresult finish(struct stage *s, CUresult result)
{
    const int leave = s->async && s->job.dir == DIR_H2D && result == CUDA_SUCCESS;
    for (uint32_t i = 0; i < s->job.depth; i++) {
        const uint32_t next = s->first + i; /* the slot of the oldest chunk comes first */
        const uint32_t chunk = next < s->job.depth ? next : next - s->job.depth;
        if (!stage_slot(s, chunk))
            continue;
        const CUresult waited = leave || stage_is_over(s, chunk) ? CUDA_SUCCESS : stage_await(s, chunk);
        result = result == CUDA_SUCCESS ? waited : result;
        if (stage_slot(s, chunk))
            ring_put(stage_slot(s, chunk));
    }
    pace_copy_seen(s->job.dir, s->chunks, s->idle, s->waits);
    return result;
}

static int move_piece(struct stage_job *job, char *slot, char *host, size_t bytes)
{
    const uint64_t begin = prim_now_ns();
    const int rc = stage_move(job->dir, slot, host, bytes);
    if (rc == 0)
        pace_piece_seen(job->dir, bytes, prim_now_ns() - begin);
    return rc;
}

static CUresult run(struct stage *s, size_t *done)
{
    const CUstreamCaptureMode mode = driver_relax_captures();
    CUresult result = CUDA_SUCCESS;
    if (stage_provide(s, 0)) { /* else nobody need help */
        team_add(&s->job);
        result = s->job.dir == DIR_H2D ? send_chunks(s) : fetch_chunks(s);
        team_remove(&s->job);
    }
    const size_t bytes = (s->job.dir == DIR_H2D ? s->second : s->through) * s->job.chunk_bytes;
    *done = bytes < s->job.bytes ? bytes : s->job.bytes;
    result = finish(s, result);
    driver_restore_captures(mode);
    return result;
}

static CUresult copy_staged(const struct copy *copy, enum direction dir, struct pace pace, size_t *done)
{
    const uintptr_t host = dir == DIR_H2D ? copy->from : copy->to, device = dir == DIR_H2D ? copy->to : copy->from;
    struct stage s = {.device = device,
                      .stream = copy_is_async(copy) ? copy->stream : NULL,
                      .per_thread = copy->per_thread,
                      .async = copy_is_async(copy)};
    s.job.dir = dir;
    s.job.piece = move_piece;
    s.job.host = (char *)host; /* NOLINT(performance-no-int-to-ptr) */
    s.job.bytes = copy->bytes;
    s.job.chunk_bytes = pace.chunk_bytes;
    atomic_store(&s.job.depth, pace.depth);
    s.job.threads = pace.threads;
    s.chunks = team_chunks(&s.job);
    const uint64_t begin = prim_now_ns();
    const CUresult result = run(&s, done);
    if (result == CUDA_SUCCESS)
        cost_copy_seen(dir, WAY_STAGED, *done, prim_now_ns() - begin - s.setup_ns);
    return result;
}

CUresult stage_copy(const struct copy *copy, enum direction dir, stage_plain plain, struct block *block,
                    struct stage_done *done)
{
    const uintptr_t host = dir == DIR_H2D ? copy->from : copy->to, device = dir == DIR_H2D ? copy->to : copy->from;
    const int kept = errno;
    CUresult result = CUDA_SUCCESS;
    size_t staged = 0;
    *done = (struct stage_done){0};
    if (pace_may_stage(copy->bytes) && pace_prefers_staging(dir, copy->bytes, ring_slots() != 0) &&
        stage_is_device_range(device, copy->bytes) &&
        stage_is_usable(dir, (char *)host, copy->bytes)) { /* NOLINT(performance-no-int-to-ptr) */
        if (plain)
            result = stage_begin(copy, dir, plain, block, &done->plain);
        const struct copy rest = copy_after(copy, done->plain);
        if (result == CUDA_SUCCESS && rest.bytes)
            result = copy_staged(&rest, dir, pace_plan(dir, copy->bytes, team_jobs() + 1), &staged);
        done->bytes = done->plain + staged;
    }
    errno = kept;
    return result;
}
