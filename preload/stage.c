/* Staged copies, chunk by chunk.  See stage.h.  No lock is held here. */
#define _GNU_SOURCE
#include "stage.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "flight.h"
#include "life.h"
#include "policy/cost.h"
#include "policy/pace.h"
#include "policy/prim.h"
#include "stage_move.h"
#include "stage_ring.h"
#include "stage_team.h"

typedef CUresult (*async_fn)(uintptr_t, uintptr_t, size_t, CUstream);

/* A copy on its way. */
struct stage {
    struct stage_job job;
    struct slot *slots[PACE_DEPTH_MOST];
    uintptr_t device;
    CUstream stream;
    int per_thread, async;
    uint32_t chunks;
    uint32_t first;   /* chunks opened (host to device) or sent for (device to host): the first thing done with each */
    uint32_t second;  /* chunks on the link, or arrived */
    uint32_t through; /* device to host: chunks drained */
    uint64_t idle, waits, waited_at_ns; /* for policy/pace.h */
    uint64_t setup_ns;                  /* spent on slots: once and never again */
};

void stage_start(void)
{
    cpu_set_t cpus;
    const int known = sched_getaffinity(0, sizeof cpus, &cpus) == 0;
    pace_start(life_options(), known ? (unsigned)CPU_COUNT(&cpus) : 1, ring_most());
}

/* --- chunks ---------------------------------------------------------------------------------------------------------
 */

static struct slot *slot_of(const struct stage *s, uint32_t chunk)
{
    return s->slots[chunk % s->job.depth];
}

/* Gives the chunk a slot, if need be a new one; when there is none, those there are have to do. */
static int provide_slot(struct stage *s, uint32_t chunk)
{
    const uint32_t at = chunk % s->job.depth;
    if (!s->slots[at]) {
        const uint64_t begin = prim_now_ns();
        s->slots[at] = ring_take();
        s->setup_ns += prim_now_ns() - begin;
        if (!s->slots[at]) {
            atomic_store(&s->job.depth, chunk ? chunk : 1); /* the first round: chunk < depth */
            return 0;
        }
        s->job.slot[at] = s->slots[at]->memory;
    }
    atomic_store(&s->job.done[at], 0);
    return 1;
}

/* Nobody can say when the slot will be free again. */
static void lose_slot(struct stage *s, uint32_t chunk)
{
    ring_lose(slot_of(s, chunk));
    s->slots[chunk % s->job.depth] = NULL;
}

/* Puts a mark behind the transfer just issued; where that is impossible, waits for its stream. */
static CUresult mark(struct stage *s, uint32_t chunk)
{
    struct slot *slot = slot_of(s, chunk);
    slot->mark = flight_mark(s->stream, s->per_thread);
    if (slot->mark)
        return CUDA_SUCCESS;
    const CUresult result = copy_wait(s->stream, s->per_thread);
    if (result != CUDA_SUCCESS)
        lose_slot(s, chunk);
    return result;
}

/* Hands a chunk to the driver, on the program's stream. */
static CUresult transfer(struct stage *s, uint32_t chunk)
{
    const uintptr_t device = s->device + chunk * s->job.chunk_bytes, host = (uintptr_t)slot_of(s, chunk)->memory;
    const size_t bytes = team_chunk_bytes(&s->job, chunk);
    const uint64_t begin = prim_now_ns();
    const CUresult result = s->job.dir == DIR_H2D
                                ? REAL(s->per_thread ? EP_cuMemcpyHtoDAsync_v2_ptsz : EP_cuMemcpyHtoDAsync_v2, async_fn,
                                       device, host, bytes, s->stream)
                                : REAL(s->per_thread ? EP_cuMemcpyDtoHAsync_v2_ptsz : EP_cuMemcpyDtoHAsync_v2, async_fn,
                                       host, device, bytes, s->stream);
    const CUresult marked = result == CUDA_SUCCESS ? mark(s, chunk) : result;
    pace_call_seen(prim_now_ns() - begin);
    return marked;
}

static void unmark(struct slot *slot)
{
    flight_put(slot->mark);
    slot->mark = NULL;
}

/* Whether the transfer in the chunk's slot is over. */
static int is_over(struct stage *s, uint32_t chunk)
{
    struct slot *slot = slot_of(s, chunk);
    if (!slot || !slot->mark)
        return 1;
    if (!flight_is_over(slot->mark))
        return 0;
    unmark(slot);
    s->waited_at_ns = 0; /* nobody knows since when */
    return 1;
}

/* Waits for the transfer in the chunk's slot.  Two waits in a row tell what the link does in between. */
static CUresult await(struct stage *s, uint32_t chunk)
{
    struct slot *slot = slot_of(s, chunk);
    if (!slot || !slot->mark)
        return CUDA_SUCCESS;
    CUresult result = flight_await(slot->mark);
    if (result != CUDA_SUCCESS)
        result = copy_wait(s->stream, s->per_thread);
    const uint64_t now = prim_now_ns();
    unmark(slot);
    if (result != CUDA_SUCCESS) {
        lose_slot(s, chunk);
        return result;
    }
    if (s->waited_at_ns)
        pace_link_seen(s->job.dir, team_chunk_bytes(&s->job, chunk), now - s->waited_at_ns);
    s->waited_at_ns = now;
    s->waits++;
    return CUDA_SUCCESS;
}

/* --- host to device -------------------------------------------------------------------------------------------------
 */

/* Lets the next chunk be filled, if a slot is free for it. */
static int open_chunk(struct stage *s)
{
    if (s->first == s->chunks ||
        (s->first >= s->job.depth && (s->first - s->job.depth >= s->second || !is_over(s, s->first))))
        return 0;
    if (!provide_slot(s, s->first))
        return 0;
    team_open(&s->job, ++s->first);
    return 1;
}

/* The link had nothing to do while the next chunk was filled. */
static void notice_idle(struct stage *s)
{
    if (s->second && s->job.depth > 1 && is_over(s, s->second - 1))
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
            result = transfer(s, s->second);
            s->second += result == CUDA_SUCCESS;
        } else if (team_help(&s->job)) {
            continue;
        } else if (s->second < s->first) {
            team_wait(&s->job, s->second);
        } else {
            result = await(s, s->first);
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
    if (!provide_slot(s, s->first))
        return CUDA_SUCCESS;
    const CUresult result = transfer(s, s->first);
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
        if (s->second < s->first && is_over(s, s->second)) {
            arrived(s);
        } else if (team_help(&s->job)) {
            ;
        } else if (s->second < s->first) {
            if ((result = await(s, s->second)) == CUDA_SUCCESS)
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
        const uint32_t chunk = s->first + i; /* the oldest first */
        if (!slot_of(s, chunk))
            continue;
        const CUresult waited = leave ? CUDA_SUCCESS : await(s, chunk);
        result = result == CUDA_SUCCESS ? waited : result;
        if (slot_of(s, chunk))
            ring_put(slot_of(s, chunk));
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
    if (provide_slot(s, 0)) { /* else nobody need help */
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

CUresult stage_copy(const struct copy *copy, enum direction dir, size_t *done)
{
    const uintptr_t host = dir == DIR_H2D ? copy->from : copy->to, device = dir == DIR_H2D ? copy->to : copy->from;
    const int kept = errno;
    CUresult result = CUDA_SUCCESS;
    *done = 0;
    if (pace_may_stage(copy->bytes) && pace_prefers_staging(dir, copy->bytes, ring_exists()) &&
        stage_is_device_range(device, copy->bytes) &&
        stage_is_usable(dir, (char *)host, copy->bytes)) { /* NOLINT(performance-no-int-to-ptr) */
        const struct pace pace = pace_plan(dir, copy->bytes, team_jobs() + 1);
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
        result = run(&s, done);
        if (result == CUDA_SUCCESS)
            cost_copy_seen(dir, WAY_STAGED, *done, prim_now_ns() - begin - s.setup_ns);
    }
    errno = kept;
    return result;
}
