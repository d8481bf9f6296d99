/* Owns device memory: it is host memory, mapped without reserve, at its real address.
 *
 * Entry points take sim.lock; freeing waits for the context's work first, as the real driver does. */
#define _GNU_SOURCE
#include "sim.h"

#include <sys/mman.h>

CUresult sim_device_alloc(struct sim_ctx *ctx, size_t bytes, enum sim_region_kind kind, CUdeviceptr *out)
{
    if (!out || bytes == 0)
        return CUDA_ERROR_INVALID_VALUE;
    if (bytes > SIM_DEVICE_MEM_BYTES)
        return CUDA_ERROR_OUT_OF_MEMORY;
    size_t mapped = sim_page_extent(0, bytes);
    void *p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return CUDA_ERROR_OUT_OF_MEMORY;
    sim_lock();
    uint64_t used = atomic_load(&sim.state->device_bytes);
    if (used + mapped > SIM_DEVICE_MEM_BYTES * (unsigned)sim.config.devices) {
        sim_unlock();
        munmap(p, mapped);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    struct sim_region r = {
        .base = (uintptr_t)p, .bytes = bytes, .mapped_bytes = mapped, .kind = kind, .ctx = ctx, .id = ++sim.last_id};
    sim_table_insert(&sim.device, &r);
    SIM_ADD(device_bytes, mapped);
    sim_raise(&sim.state->device_bytes_peak, used + mapped);
    sim_unlock();
    *out = (uintptr_t)p;
    return CUDA_SUCCESS;
}

/* The caller has waited for the work that may use the memory. */
CUresult sim_device_free(uintptr_t address)
{
    sim_lock();
    struct sim_region *r = sim_table_at(&sim.device, address);
    if (!r || r->base != address) {
        sim_unlock();
        return CUDA_ERROR_INVALID_VALUE;
    }
    size_t mapped = r->mapped_bytes;
    SIM_SUB(device_bytes, mapped);
    sim_table_remove(&sim.device, r);
    sim_unlock();
    munmap((void *)address, mapped);
    return CUDA_SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t bytes)
{
    ENTER(cuMemAlloc_v2, EN_UNSAFE);
    return sim_device_alloc(sim_ctx_current(), bytes, REGION_DEVICE, out);
}

CUresult cuMemAllocManaged(CUdeviceptr *out, size_t bytes, unsigned flags)
{
    ENTER(cuMemAllocManaged, EN_UNSAFE);
    if (flags != 1 && flags != 2)
        return CUDA_ERROR_INVALID_VALUE;
    return sim_device_alloc(sim_ctx_current(), bytes, REGION_MANAGED, out);
}

CUresult cuMemAllocPitch_v2(CUdeviceptr *out, size_t *pitch, size_t width, size_t height, unsigned element)
{
    ENTER(cuMemAllocPitch_v2, EN_UNSAFE);
    if (!pitch || width == 0 || height == 0 || (element != 4 && element != 8 && element != 16))
        return CUDA_ERROR_INVALID_VALUE;
    *pitch = (width + 511) & ~(size_t)511;
    return sim_device_alloc(sim_ctx_current(), *pitch * height, REGION_DEVICE, out);
}

CUresult cuMemFree_v2(CUdeviceptr p)
{
    ENTER(cuMemFree_v2, EN_UNSAFE);
    if (p == 0)
        return CUDA_SUCCESS;
    sim_lock();
    struct sim_region *r = sim_table_at(&sim.device, (uintptr_t)p);
    if (!r || r->base != p) {
        sim_unlock();
        return CUDA_ERROR_INVALID_VALUE;
    }
    sim_wait_ctx(r->ctx);
    sim_unlock();
    return sim_device_free((uintptr_t)p);
}

CUresult cuMemGetInfo_v2(size_t *available, size_t *total)
{
    ENTER(cuMemGetInfo_v2, 0);
    uint64_t used = atomic_load(&sim.state->device_bytes);
    if (available)
        *available = used < SIM_DEVICE_MEM_BYTES ? SIM_DEVICE_MEM_BYTES - used : 0;
    if (total)
        *total = SIM_DEVICE_MEM_BYTES;
    return CUDA_SUCCESS;
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes, CUdeviceptr p)
{
    ENTER(cuMemGetAddressRange_v2, 0);
    sim_lock();
    struct sim_region *r = sim_table_at(&sim.device, (uintptr_t)p);
    if (!r)
        r = sim_table_at(&sim.host, (uintptr_t)p);
    if (r && base)
        *base = r->base;
    if (r && bytes)
        *bytes = r->bytes;
    sim_unlock();
    return r ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

static CUresult alloc_async(CUdeviceptr *out, size_t bytes, CUstream stream, bool per_thread)
{
    struct sim_stream *s;
    sim_lock();
    CUresult rc = sim_stream_find(stream, per_thread, &s);
    sim_unlock();
    return rc ? rc : sim_device_alloc(sim_ctx_current(), bytes, REGION_DEVICE, out);
}

static CUresult free_async(CUdeviceptr p, CUstream stream, bool per_thread)
{
    struct sim_stream *s;
    sim_lock();
    CUresult rc = sim_stream_find(stream, per_thread, &s);
    struct sim_region *r = sim_table_at(&sim.device, (uintptr_t)p);
    if (!rc && (!r || r->base != p))
        rc = CUDA_ERROR_INVALID_VALUE;
    if (!rc && s->capture)
        rc = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (!rc) {
        struct sim_op *op = sim_op_new(OP_FREE);
        op->free_address = (uintptr_t)p;
        sim_stream_push(s, op);
    }
    sim_unlock();
    return rc;
}

CUresult cuMemAllocAsync(CUdeviceptr *out, size_t bytes, CUstream stream)
{
    ENTER(cuMemAllocAsync, 0);
    return alloc_async(out, bytes, stream, false);
}

CUresult cuMemAllocAsync_ptsz(CUdeviceptr *out, size_t bytes, CUstream stream)
{
    ENTER(cuMemAllocAsync_ptsz, 0);
    return alloc_async(out, bytes, stream, true);
}

CUresult cuMemFreeAsync(CUdeviceptr p, CUstream stream)
{
    ENTER(cuMemFreeAsync, 0);
    return free_async(p, stream, false);
}

CUresult cuMemFreeAsync_ptsz(CUdeviceptr p, CUstream stream)
{
    ENTER(cuMemFreeAsync_ptsz, 0);
    return free_async(p, stream, true);
}
