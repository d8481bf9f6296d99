/* The chunks of a staged copy: their slots, and their way over the link.  See stage_int.h.  No lock. */
#include "stage_int.h"

#include "copy.h"
#include "flight.h"
#include "policy/pace.h"
#include "policy/prim.h"

typedef CUresult (*async_fn)(uintptr_t, uintptr_t, size_t, CUstream);

struct slot *stage_slot(const struct stage *s, uint32_t chunk)
{
    return s->slots[chunk % s->job.depth];
}

int stage_provide(struct stage *s, uint32_t chunk)
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
    ring_lose(stage_slot(s, chunk));
    s->slots[chunk % s->job.depth] = NULL;
}

/* Puts a mark behind the transfer just issued; where that is impossible, waits for its stream. */
static CUresult mark(struct stage *s, uint32_t chunk)
{
    struct slot *slot = stage_slot(s, chunk);
    slot->mark = flight_mark(s->stream, s->per_thread);
    if (slot->mark)
        return CUDA_SUCCESS;
    const CUresult result = copy_wait(s->stream, s->per_thread);
    if (result != CUDA_SUCCESS)
        lose_slot(s, chunk);
    return result;
}

CUresult stage_transfer(struct stage *s, uint32_t chunk)
{
    const uintptr_t device = s->device + chunk * s->job.chunk_bytes, host = (uintptr_t)stage_slot(s, chunk)->memory;
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

int stage_is_over(struct stage *s, uint32_t chunk)
{
    struct slot *slot = stage_slot(s, chunk);
    if (!slot || !slot->mark)
        return 1;
    if (!flight_is_over(slot->mark))
        return 0;
    unmark(slot);
    s->waited_at_ns = 0; /* nobody knows since when */
    return 1;
}

/* For a chunk that is not over: two such waits in a row tell what the link does in between. */
CUresult stage_await(struct stage *s, uint32_t chunk)
{
    struct slot *slot = stage_slot(s, chunk);
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
