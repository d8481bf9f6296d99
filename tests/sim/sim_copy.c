/* Owns what a copy is: its geometry, where its ends lie, and which of the driver's promises it is held to.
 *
 * Takes sim.lock. */
#define _GNU_SOURCE
#include "sim.h"

size_t sim_xfer_bytes(const struct sim_xfer *x)
{
    return x->width * x->height * x->depth;
}

static size_t extent(const struct sim_xfer *x, size_t pitch, size_t slice)
{
    return (x->depth - 1) * slice + (x->height - 1) * pitch + x->width;
}

size_t sim_xfer_dst_extent(const struct sim_xfer *x)
{
    return extent(x, x->dst_pitch, x->dst_slice);
}

size_t sim_xfer_src_extent(const struct sim_xfer *x)
{
    return extent(x, x->src_pitch, x->src_slice);
}

void sim_xfer_linear(struct sim_xfer *x, uintptr_t dst, uintptr_t src, size_t bytes)
{
    *x = (struct sim_xfer){.dst = (unsigned char *)dst,
                           .src = (const unsigned char *)src,
                           .width = bytes,
                           .height = 1,
                           .depth = 1,
                           .dst_pitch = bytes,
                           .src_pitch = bytes,
                           .dst_slice = bytes,
                           .src_slice = bytes};
}

/* Finds direction and kind of memory; a range that straddles a border or names nothing is an invalid value.
 * sim.lock is held. */
CUresult sim_xfer_place(struct sim_xfer *x, struct sim_ctx *ctx)
{
    enum sim_place src = sim_classify(ctx, (uintptr_t)x->src, sim_xfer_src_extent(x));
    enum sim_place dst = sim_classify(ctx, (uintptr_t)x->dst, sim_xfer_dst_extent(x));
    if (src == PLACE_BAD || dst == PLACE_BAD)
        return CUDA_ERROR_INVALID_VALUE;
    bool from_device = src == PLACE_DEVICE, to_device = dst == PLACE_DEVICE;
    x->dir = from_device ? (to_device ? SIM_D2D : SIM_D2H) : (to_device ? SIM_H2D : SIM_H2H);
    x->pinned = src != PLACE_PAGEABLE && dst != PLACE_PAGEABLE;
    return CUDA_SUCCESS;
}

/* The entry point's name says which end is the device's; pinned host memory has a device address too. */
static CUresult check_way(const struct sim_xfer *x, enum sim_way way, const struct sim_ctx *ctx)
{
    bool src_known = sim_classify(ctx, (uintptr_t)x->src, 1) != PLACE_PAGEABLE;
    bool dst_known = sim_classify(ctx, (uintptr_t)x->dst, 1) != PLACE_PAGEABLE;
    if ((way == WAY_H2D || way == WAY_D2D) && !dst_known)
        return CUDA_ERROR_INVALID_VALUE;
    if ((way == WAY_D2H || way == WAY_D2D) && !src_known)
        return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
}

void sim_xfer_count(const struct sim_xfer *x)
{
    SIM_ADD(copies[x->dir][x->pinned][x->async], 1);
    SIM_ADD(bytes[x->dir][x->pinned][x->async], sim_xfer_bytes(x));
}

/* Queues a copy and keeps the promise of its kind:
 *   asynchronous, pageable source, up to 64 KiB   staged at once, then run by the stream's thread
 *   asynchronous, pinned; device to device        run by the stream's thread
 *   all others                                    run by this thread when their turn comes */
static void submit(struct sim_stream *s, const struct sim_xfer *x)
{
    struct sim_op *op = sim_op_new(OP_COPY);
    op->xfer = *x;
    if (x->async && x->dir == SIM_H2D && !x->pinned && sim_xfer_bytes(x) <= SIM_STAGE_BYTES) {
        op->staged_bytes = sim_xfer_bytes(x);
        op->staged = sim_alloc(op->staged_bytes);
        sim_unlock();
        sim_stage(x, op->staged);
        sim_lock();
        sim_stream_push(s, op);
    } else if (x->dir == SIM_D2D || (x->async && x->pinned && x->dir != SIM_H2H)) {
        sim_stream_push(s, op);
    } else {
        sim_stream_run_owned(s, op);
    }
}

CUresult sim_copy(struct sim_xfer *x, CUstream stream, bool per_thread, bool async, enum sim_way way)
{
    struct sim_stream *s;
    struct sim_capture *capture;
    sim_lock();
    CUresult rc = sim_stream_find(stream, per_thread, &s);
    if (rc == CUDA_SUCCESS)
        rc = sim_capture_for(s, async, &capture);
    if (rc != CUDA_SUCCESS || sim_xfer_bytes(x) == 0) {
        sim_unlock();
        return rc;
    }
    x->async = async;
    rc = sim_xfer_place(x, s->ctx);
    if (rc == CUDA_SUCCESS)
        rc = check_way(x, way, s->ctx);
    if (rc == CUDA_SUCCESS && capture) {
        struct sim_op op = {.kind = OP_COPY, .xfer = *x};
        sim_capture_add(s, NODE_MEMCPY, &op);
    } else if (rc == CUDA_SUCCESS) {
        sim_xfer_count(x);
        submit(s, x);
    }
    sim_unlock();
    return rc;
}
