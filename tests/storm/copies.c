/* Linear copies: there and back again.
 *
 * An asynchronous copy of pageable memory promises that its source has been read, or its data has arrived, when the
 * call returns.  So the source is spoilt at once, and what arrived is looked at at once; only where the program was
 * told otherwise (async = relaxed) or registered the memory itself does it wait first. */
#define _GNU_SOURCE
#include "storm.h"

#include <string.h>
#include <time.h>

enum {
    UNIFIED = 1,
    ASYNC = 2,
    PER_THREAD = 4,
    WAYS = 8
};

enum sight sight_of(const struct worker *w, const struct slot *s, size_t from, size_t bytes)
{
    const char *at = s->base + from, *end = at + bytes, *reg_end = s->registered + s->registered_bytes;
    if (!s->registered || (s->registered_in && s->registered_in != w->at->context))
        return OUTSIDE;
    if (end <= s->registered || at >= reg_end)
        return OUTSIDE;
    return at >= s->registered && end <= reg_end ? INSIDE : STRADDLES;
}

static CUresult to_device(unsigned way, CUdeviceptr d, void *h, size_t n, CUstream stream)
{
    const CUdeviceptr u = (CUdeviceptr)(uintptr_t)h;
    switch (way) {
    case 0:
        return cu.cuMemcpyHtoD_v2(d, h, n);
    case UNIFIED:
        return cu.cuMemcpy(d, u, n);
    case ASYNC:
        return cu.cuMemcpyHtoDAsync_v2(d, h, n, stream);
    case ASYNC | UNIFIED:
        return cu.cuMemcpyAsync(d, u, n, stream);
    case PER_THREAD:
        return cu.cuMemcpyHtoD_v2_ptds(d, h, n);
    case PER_THREAD | UNIFIED:
        return cu.cuMemcpy_ptds(d, u, n);
    case PER_THREAD | ASYNC:
        return cu.cuMemcpyHtoDAsync_v2_ptsz(d, h, n, stream);
    default:
        return cu.cuMemcpyAsync_ptsz(d, u, n, stream);
    }
}

static CUresult to_host(unsigned way, void *h, CUdeviceptr d, size_t n, CUstream stream)
{
    const CUdeviceptr u = (CUdeviceptr)(uintptr_t)h;
    switch (way) {
    case 0:
        return cu.cuMemcpyDtoH_v2(h, d, n);
    case UNIFIED:
        return cu.cuMemcpy(u, d, n);
    case ASYNC:
        return cu.cuMemcpyDtoHAsync_v2(h, d, n, stream);
    case ASYNC | UNIFIED:
        return cu.cuMemcpyAsync(u, d, n, stream);
    case PER_THREAD:
        return cu.cuMemcpyDtoH_v2_ptds(h, d, n);
    case PER_THREAD | UNIFIED:
        return cu.cuMemcpy_ptds(u, d, n);
    case PER_THREAD | ASYNC:
        return cu.cuMemcpyDtoHAsync_v2_ptsz(h, d, n, stream);
    default:
        return cu.cuMemcpyAsync_ptsz(u, d, n, stream);
    }
}

static void count_way(unsigned way, enum kind sync_kind, enum kind async_kind)
{
    if (way & UNIFIED)
        did(way & ASYNC ? K_unified_async : K_unified);
    else
        did(way & ASYNC ? async_kind : sync_kind);
    if (way & PER_THREAD)
        did(K_per_thread);
}

/* A copy across the border of a registration is refused, and nothing happens. */
static void straddle(struct worker *w, struct slot *s, struct range r, unsigned way, CUstream stream)
{
    const CUresult result = draw(w, 2) ? to_device(way, w->at->device, s->base + r.from, r.bytes, stream)
                                       : to_host(way, s->base + r.from, w->at->device, r.bytes, stream);
    if (result != CUDA_ERROR_INVALID_VALUE && !(storm.faults && result != CUDA_SUCCESS))
        wrong(w, "a copy across a registration's border answered %d", result);
    check_at(w, s->seed, r.from, s->base + r.from, r.bytes, "after a refused copy");
    did(K_straddle);
}

/* The wait at the end is for the case of a failure after the copy has been queued. */
static void failed(struct worker *w, struct slot *s, struct range r, CUstream waits)
{
    stream_wait(w, waits);
    slot_refill(s, r.from, r.bytes);
}

void copy_cycle(struct worker *w, struct slot *s)
{
    const struct range r = any_range(w, s, w->at->device_bytes);
    const unsigned there = (unsigned)draw(w, WAYS), back = (unsigned)draw(w, WAYS);
    CUstream stream = w->at->stream[draw(w, STREAMS)];
    CUstream waits_there = there & PER_THREAD && !stream ? CU_STREAM_PER_THREAD : stream;
    CUstream waits_back = back & PER_THREAD && !stream ? CU_STREAM_PER_THREAD : stream;
    const enum sight sight = sight_of(w, s, r.from, r.bytes);
    const int overlaps = storm.relaxed || sight == INSIDE;
    char *host = s->base + r.from;
    if (sight == STRADDLES) {
        straddle(w, s, r, there, stream);
        return;
    }
    if (!TRY(w, to_device(there, w->at->device, host, r.bytes, stream))) {
        failed(w, s, r, waits_there);
        return;
    }
    count_way(there, K_h2d, K_h2d_async);
    if (overlaps)
        stream_wait(w, waits_there);
    memset(host, 0x5a, r.bytes);
    stream_wait(w, waits_there);
    check_at(w, s->seed, r.from, (const void *)(uintptr_t)w->at->device, r.bytes, "on the device");
    if (!TRY(w, to_host(back, host, w->at->device, r.bytes, stream))) {
        failed(w, s, r, waits_back);
        return;
    }
    count_way(back, K_d2h, K_d2h_async);
    if (overlaps)
        stream_wait(w, waits_back);
    check_at(w, s->seed, r.from, host, r.bytes, "back on the host");
}

void copy_host_to_host(struct worker *w, struct slot *s)
{
    struct slot *to = any_slot(w);
    const struct range r = any_range(w, s, 4 * MIB);
    const int async = (int)draw(w, 2);
    CUstream stream = w->at->stream[draw(w, STREAMS)];
    if (!to || to == s || to->bytes < r.bytes || s->registered || to->registered)
        return;
    const size_t at = draw(w, to->bytes - r.bytes + 1);
    const CUdeviceptr target = (CUdeviceptr)(uintptr_t)(to->base + at),
                      source = (CUdeviceptr)(uintptr_t)(s->base + r.from);
    const int done = async ? TRY(w, cu.cuMemcpyAsync(target, source, r.bytes, stream))
                           : TRY(w, cu.cuMemcpy(target, source, r.bytes));
    if (storm.relaxed || !done)
        stream_wait(w, stream);
    if (done) {
        check_at(w, s->seed, r.from, to->base + at, r.bytes, "on the other block");
        did(async ? K_host_to_host_async : K_host_to_host);
    }
    slot_refill(to, at, r.bytes);
}

/* --- copies that return while their stream waits for the program -------------------------------------------------- */

static void wait_for_gate(void *arg)
{
    const struct timespec nap = {0, 50000};
    while (!atomic_load((atomic_int *)arg))
        nanosleep(&nap, NULL);
}

/* As a linear copy, or as the only row of a 2D copy. */
static int send_small(struct worker *w, const struct slot *s, const struct range *r, CUdeviceptr to, CUstream stream)
{
    const struct cu_memcpy2d row = {.src_x = r->from,
                                    .src_type = CU_MEMORYTYPE_HOST,
                                    .src_host = s->base,
                                    .src_pitch = s->bytes,
                                    .dst_type = CU_MEMORYTYPE_DEVICE,
                                    .dst_device = to,
                                    .dst_pitch = r->bytes,
                                    .width = r->bytes,
                                    .height = 1};
    if (draw(w, 3) == 0)
        return TRY(w, cu.cuMemcpy2DAsync_v2(&row, stream));
    return TRY(w, cu.cuMemcpyHtoDAsync_v2(to, s->base + r->from, r->bytes, stream));
}

/* Small copies to the device return although their stream has not come to them (rule 11), and so does what is done by
 * another stream, also with a block that is just being unpinned; were one to wait, the program would hang here. */
void copy_gated(struct worker *w, struct slot *s)
{
    atomic_int open = 0;
    CUstream stream = w->at->stream[OWN_STREAM];
    struct range r[3];
    int n = 0, sent = 0;
    if (!storm.gates || !allowed(K_gate) || s->registered)
        return;
    if (!TRY(w, cu.cuLaunchHostFunc(stream, wait_for_gate, &open)))
        return;
    for (; n < 3; n++) {
        r[n] = any_range(w, s, STAGED_BYTES);
        if (send_small(w, s, &r[n], w->at->device + (unsigned)n * STAGED_BYTES, stream))
            sent |= 1 << n;
        if (!storm.relaxed) {
            memset(s->base + r[n].from, 0x5a, r[n].bytes);
            slot_refill(s, r[n].from, r[n].bytes);
        }
    }
    if (w->slot[0].base)
        copy_shaped_now(w, &w->slot[0]);
    atomic_store(&open, 1);
    stream_wait(w, stream);
    for (int i = 0; i < n; i++)
        if (sent >> i & 1)
            check_at(w, s->seed, r[i].from, (const void *)(uintptr_t)(w->at->device + (unsigned)i * STAGED_BYTES),
                     r[i].bytes, "after the gate");
    did(K_gate);
}

/* The block is freed as soon as the copy has returned; its memory is not given to anybody before it has been read. */
void copy_and_free(struct worker *w, struct slot *s)
{
    const struct range r = any_range(w, s, w->at->device_bytes);
    const uint64_t seed = s->seed;
    CUstream stream = w->at->stream[draw(w, STREAMS)];
    struct slot other;
    if (s->registered || s->unlike_in_child)
        return;
    const int done = TRY(w, cu.cuMemcpyHtoDAsync_v2(w->at->device, s->base + r.from, r.bytes, stream));
    if (!done)
        stream_wait(w, stream);
    slot_free(w, s);
    slot_alloc(w, &other); /* which may be where the block was */
    stream_wait(w, stream);
    if (done)
        check_at(w, seed, r.from, (const void *)(uintptr_t)w->at->device, r.bytes, "of a freed block");
    *s = other;
    did(K_free_in_flight);
}
