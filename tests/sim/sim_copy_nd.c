/* Owns 2D and 3D copies: how their descriptors become a geometry, and their entry points.  An array is linear memory.
 *
 * Takes sim.lock to look at arrays. */
#define _GNU_SOURCE
#include "sim.h"

struct end { /* one side of a descriptor */
    int type;
    uintptr_t host, device;
    CUarray array;
    size_t x, y, z, pitch, height;
};

static bool array_end(CUarray h, struct end *e)
{
    sim_lock();
    bool known = sim_handle_is(h, KIND_ARRAY);
    if (known) {
        const struct sim_array *a = (const struct sim_array *)h;
        e->device = (uintptr_t)a->memory;
        e->pitch = a->pitch;
        e->height = a->height ? a->height : 1;
    }
    sim_unlock();
    return known;
}

/* Base, pitch and slice of one side; false when the descriptor contradicts itself. */
static bool resolve(struct end e, size_t width, size_t height, size_t depth, uintptr_t *base, size_t *pitch,
                    size_t *slice)
{
    bool host = e.type == CU_MEMORYTYPE_HOST;
    if (e.type == CU_MEMORYTYPE_ARRAY && !array_end(e.array, &e))
        return false;
    if (e.type < CU_MEMORYTYPE_HOST || e.type > CU_MEMORYTYPE_UNIFIED)
        return false;
    if (e.pitch == 0)
        e.pitch = e.x + width;
    if (e.height == 0)
        e.height = e.y + height;
    if ((height > 1 && e.pitch < e.x + width) || (depth > 1 && e.height < e.y + height))
        return false;
    *pitch = e.pitch;
    *slice = e.pitch * e.height;
    *base = (host ? e.host : e.device) + e.z * *slice + e.y * e.pitch + e.x;
    return (host ? e.host : e.device) != 0;
}

CUresult sim_xfer_from_3d(struct sim_xfer *x, const struct cu_memcpy3d *c)
{
    uintptr_t dst, src;
    *x = (struct sim_xfer){.width = c->width, .height = c->height, .depth = c->depth};
    if (sim_xfer_bytes(x) == 0)
        return CUDA_SUCCESS;
    struct end from = {
        c->src_type,  (uintptr_t)c->src_host, (uintptr_t)c->src_device, c->src_array, c->src_x, c->src_y, c->src_z,
        c->src_pitch, c->src_height};
    struct end to = {
        c->dst_type,  (uintptr_t)c->dst_host, (uintptr_t)c->dst_device, c->dst_array, c->dst_x, c->dst_y, c->dst_z,
        c->dst_pitch, c->dst_height};
    if (!resolve(from, c->width, c->height, c->depth, &src, &x->src_pitch, &x->src_slice) ||
        !resolve(to, c->width, c->height, c->depth, &dst, &x->dst_pitch, &x->dst_slice))
        return CUDA_ERROR_INVALID_VALUE;
    x->src = (const unsigned char *)src;
    x->dst = (unsigned char *)dst;
    if (x->height == 1 && x->depth == 1) {
        x->src_pitch = x->src_slice = x->dst_pitch = x->dst_slice = x->width;
    }
    return CUDA_SUCCESS;
}

static struct cu_memcpy3d widen(const struct cu_memcpy2d *c)
{
    return (struct cu_memcpy3d){.src_x = c->src_x,
                                .src_y = c->src_y,
                                .src_type = c->src_type,
                                .src_host = c->src_host,
                                .src_device = c->src_device,
                                .src_array = c->src_array,
                                .src_pitch = c->src_pitch,
                                .dst_x = c->dst_x,
                                .dst_y = c->dst_y,
                                .dst_type = c->dst_type,
                                .dst_host = c->dst_host,
                                .dst_device = c->dst_device,
                                .dst_array = c->dst_array,
                                .dst_pitch = c->dst_pitch,
                                .width = c->width,
                                .height = c->height,
                                .depth = 1};
}

static CUresult copy_3d(const struct cu_memcpy3d *c, CUstream s, bool per_thread, bool async)
{
    struct sim_xfer x;
    if (!c)
        return CUDA_ERROR_INVALID_VALUE;
    CUresult rc = sim_xfer_from_3d(&x, c);
    return rc != CUDA_SUCCESS ? rc : sim_copy(&x, s, per_thread, async, WAY_ANY);
}

static CUresult copy_2d(const struct cu_memcpy2d *c, CUstream s, bool per_thread, bool async)
{
    if (!c)
        return CUDA_ERROR_INVALID_VALUE;
    struct cu_memcpy3d wide = widen(c);
    return copy_3d(&wide, s, per_thread, async);
}

#define SYNC_ND(name, per_thread, type, copy)                                                                          \
    CUresult name(const type *c)                                                                                       \
    {                                                                                                                  \
        ENTER(name, EN_UNSAFE);                                                                                        \
        return copy(c, NULL, per_thread, false);                                                                       \
    }
#define ASYNC_ND(name, per_thread, type, copy)                                                                         \
    CUresult name(const type *c, CUstream s)                                                                           \
    {                                                                                                                  \
        ENTER(name, 0);                                                                                                \
        return copy(c, s, per_thread, true);                                                                           \
    }
SYNC_ND(cuMemcpy2D_v2, false, struct cu_memcpy2d, copy_2d)
SYNC_ND(cuMemcpy2D_v2_ptds, true, struct cu_memcpy2d, copy_2d)
SYNC_ND(cuMemcpy2DUnaligned_v2, false, struct cu_memcpy2d, copy_2d)
SYNC_ND(cuMemcpy2DUnaligned_v2_ptds, true, struct cu_memcpy2d, copy_2d)
SYNC_ND(cuMemcpy3D_v2, false, struct cu_memcpy3d, copy_3d)
SYNC_ND(cuMemcpy3D_v2_ptds, true, struct cu_memcpy3d, copy_3d)
SYNC_ND(cuMemcpy3DPeer, false, struct cu_memcpy3d, copy_3d)
SYNC_ND(cuMemcpy3DPeer_ptds, true, struct cu_memcpy3d, copy_3d)
ASYNC_ND(cuMemcpy2DAsync_v2, false, struct cu_memcpy2d, copy_2d)
ASYNC_ND(cuMemcpy2DAsync_v2_ptsz, true, struct cu_memcpy2d, copy_2d)
ASYNC_ND(cuMemcpy3DAsync_v2, false, struct cu_memcpy3d, copy_3d)
ASYNC_ND(cuMemcpy3DAsync_v2_ptsz, true, struct cu_memcpy3d, copy_3d)
ASYNC_ND(cuMemcpy3DPeerAsync, false, struct cu_memcpy3d, copy_3d)
ASYNC_ND(cuMemcpy3DPeerAsync_ptsz, true, struct cu_memcpy3d, copy_3d)
