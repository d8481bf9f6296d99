/* Owns the questions one asks of the current context, and waiting for it.
 *
 * Takes sim.lock to wait. */
#define _GNU_SOURCE
#include "sim.h"

CUresult cuCtxGetDevice(CUdevice *out)
{
    ENTER(cuCtxGetDevice, 0);
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    *out = sim_ctx_current()->device;
    return CUDA_SUCCESS;
}

CUresult cuCtxGetFlags(unsigned *out)
{
    ENTER(cuCtxGetFlags, 0);
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    *out = sim_ctx_current()->flags;
    return CUDA_SUCCESS;
}

CUresult cuCtxGetId(CUcontext h, unsigned long long *out)
{
    ENTER(cuCtxGetId, EN_NOCTX);
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    *out = (uintptr_t)(h ? (struct sim_ctx *)h : sim_ctx_current());
    return *out ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

CUresult cuCtxGetApiVersion(CUcontext h, unsigned *out)
{
    (void)h;
    ENTER(cuCtxGetApiVersion, EN_NOCTX);
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    *out = 3020;
    return CUDA_SUCCESS;
}

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
    ENTER(cuCtxGetStreamPriorityRange, 0);
    if (least)
        *least = 0;
    if (greatest)
        *greatest = -5;
    return CUDA_SUCCESS;
}

/* Limits and cache preferences are accepted and forgotten: nothing here depends on them. */
CUresult cuCtxSetLimit(int limit, size_t value)
{
    (void)limit;
    (void)value;
    ENTER(cuCtxSetLimit, 0);
    return CUDA_SUCCESS;
}

CUresult cuCtxGetLimit(size_t *out, int limit)
{
    (void)limit;
    ENTER(cuCtxGetLimit, 0);
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    *out = 1024;
    return CUDA_SUCCESS;
}

CUresult cuCtxSynchronize(void)
{
    ENTER(cuCtxSynchronize, EN_UNSAFE);
    sim_lock();
    struct sim_ctx *ctx = sim_ctx_current();
    for (struct sim_capture *c = sim.captures; c; c = c->next) {
        if (c->origin->ctx != ctx)
            continue;
        sim_capture_invalidate(c);
        sim_unlock();
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    sim_wait_ctx(ctx);
    sim_unlock();
    return CUDA_SUCCESS;
}

CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned flags)
{
    (void)peer;
    ENTER(cuCtxEnablePeerAccess, 0);
    return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult cuCtxDisablePeerAccess(CUcontext peer)
{
    (void)peer;
    ENTER(cuCtxDisablePeerAccess, 0);
    return CUDA_SUCCESS;
}

CUresult cuProfilerStart(void)
{
    ENTER(cuProfilerStart, EN_NOCTX);
    return CUDA_SUCCESS;
}

CUresult cuProfilerStop(void)
{
    ENTER(cuProfilerStop, EN_NOCTX);
    return CUDA_SUCCESS;
}
