/* Owns the entry points for streams and host functions, and which stream a handle means.
 *
 * Takes sim.lock; waiting and host functions happen without it. */
#define _GNU_SOURCE
#include "sim.h"

static struct sim_stream *per_thread_stream(struct sim_ctx *ctx)
{
    uint64_t me = sim_thread()->id;
    for (struct sim_stream *s = sim.streams; s; s = s->next)
        if (s->live && s->ctx == ctx && s->owner == me)
            return s;
    sim_thread_watch();
    return sim_stream_new(ctx, 0, 0, me);
}

/* sim.lock is held; the context of the caller is current. */
CUresult sim_stream_find(CUstream h, bool per_thread, struct sim_stream **out)
{
    struct sim_ctx *ctx = sim_ctx_current();
    if (h == CU_STREAM_LEGACY || (!h && !per_thread))
        *out = ctx->legacy;
    else if (!h || h == CU_STREAM_PER_THREAD)
        *out = per_thread_stream(ctx);
    else if (sim_handle_is(h, KIND_STREAM))
        *out = (struct sim_stream *)h;
    else
        return CUDA_ERROR_INVALID_HANDLE;
    return CUDA_SUCCESS;
}

/* sim_stream_find under the lock, which is kept only on success. */
static CUresult lock_stream(CUstream h, bool per_thread, struct sim_stream **out)
{
    sim_lock();
    CUresult rc = sim_stream_find(h, per_thread, out);
    if (rc != CUDA_SUCCESS)
        sim_unlock();
    return rc;
}

static CUresult create(CUstream *out, unsigned flags, int priority)
{
    if (!out || flags > 1)
        return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    *out = (CUstream)sim_stream_new(sim_ctx_current(), flags, priority, 0);
    sim_unlock();
    return CUDA_SUCCESS;
}

CUresult cuStreamCreate(CUstream *out, unsigned flags)
{
    ENTER(cuStreamCreate, 0);
    return create(out, flags, 0);
}

CUresult cuStreamCreateWithPriority(CUstream *out, unsigned flags, int priority)
{
    ENTER(cuStreamCreateWithPriority, 0);
    return create(out, flags, priority);
}

CUresult cuStreamDestroy_v2(CUstream h)
{
    ENTER(cuStreamDestroy_v2, 0);
    sim_lock();
    bool known = h != CU_STREAM_LEGACY && h != CU_STREAM_PER_THREAD && sim_handle_is(h, KIND_STREAM);
    if (known)
        sim_stream_retire((struct sim_stream *)h);
    sim_unlock();
    return known ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

/* lock_stream() of a stream that is not capturing; the lock is held after success only. */
static CUresult lock_live_stream(CUstream h, bool per_thread, struct sim_stream **s)
{
    struct sim_capture *capture;
    CUresult rc = lock_stream(h, per_thread, s);
    if (rc != CUDA_SUCCESS)
        return rc;
    rc = sim_capture_for(*s, false, &capture);
    if (rc != CUDA_SUCCESS)
        sim_unlock();
    return rc;
}

static CUresult synchronize(CUstream h, bool per_thread)
{
    struct sim_stream *s;
    CUresult rc = lock_live_stream(h, per_thread, &s);
    if (rc != CUDA_SUCCESS)
        return rc;
    sim_wait_stream(s);
    sim_unlock();
    return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream h)
{
    ENTER(cuStreamSynchronize, EN_UNSAFE);
    return synchronize(h, false);
}

CUresult cuStreamSynchronize_ptsz(CUstream h)
{
    ENTER(cuStreamSynchronize_ptsz, EN_UNSAFE);
    return synchronize(h, true);
}

static CUresult query(CUstream h, bool per_thread)
{
    struct sim_stream *s;
    CUresult rc = lock_live_stream(h, per_thread, &s);
    if (rc != CUDA_SUCCESS)
        return rc;
    if (!sim_stream_drained(s, sim.last_seq))
        rc = CUDA_ERROR_NOT_READY;
    sim_unlock();
    return rc;
}

CUresult cuStreamQuery(CUstream h)
{
    ENTER(cuStreamQuery, EN_UNSAFE);
    return query(h, false);
}

CUresult cuStreamQuery_ptsz(CUstream h)
{
    ENTER(cuStreamQuery_ptsz, EN_UNSAFE);
    return query(h, true);
}

static CUresult host_call(CUstream h, bool per_thread, const struct sim_host_call *call)
{
    struct sim_stream *s;
    struct sim_capture *capture;
    if (!call->function && !call->callback)
        return CUDA_ERROR_INVALID_VALUE;
    CUresult rc = lock_stream(h, per_thread, &s);
    if (rc != CUDA_SUCCESS)
        return rc;
    rc = sim_capture_for(s, true, &capture);
    if (rc == CUDA_SUCCESS) {
        struct sim_op *op = sim_op_new(OP_HOST);
        op->host = *call;
        if (capture) {
            sim_capture_add(s, NODE_HOST, op);
            sim_free(op, sizeof *op);
        } else {
            sim_stream_push(s, op);
        }
    }
    sim_unlock();
    return rc;
}

CUresult cuLaunchHostFunc(CUstream h, void (*function)(void *), void *data)
{
    ENTER(cuLaunchHostFunc, 0);
    return host_call(h, false, &(struct sim_host_call){.function = function, .data = data, .handle = h});
}

CUresult cuLaunchHostFunc_ptsz(CUstream h, void (*function)(void *), void *data)
{
    ENTER(cuLaunchHostFunc_ptsz, 0);
    return host_call(h, true, &(struct sim_host_call){.function = function, .data = data, .handle = h});
}

CUresult cuStreamAddCallback(CUstream h, void (*callback)(CUstream, CUresult, void *), void *data, unsigned flags)
{
    ENTER(cuStreamAddCallback, 0);
    if (flags)
        return CUDA_ERROR_INVALID_VALUE;
    return host_call(h, false, &(struct sim_host_call){.callback = callback, .data = data, .handle = h});
}

CUresult cuStreamAddCallback_ptsz(CUstream h, void (*callback)(CUstream, CUresult, void *), void *data, unsigned flags)
{
    ENTER(cuStreamAddCallback_ptsz, 0);
    if (flags)
        return CUDA_ERROR_INVALID_VALUE;
    return host_call(h, true, &(struct sim_host_call){.callback = callback, .data = data, .handle = h});
}

/* What can be asked of a stream: one function for all the questions. */
struct answers {
    unsigned *flags;
    int *priority;
    CUcontext *ctx;
    unsigned long long *id;
};

static CUresult ask(CUstream h, bool per_thread, struct answers a)
{
    struct sim_stream *s;
    if (!a.flags && !a.priority && !a.ctx && !a.id)
        return CUDA_ERROR_INVALID_VALUE;
    CUresult rc = lock_stream(h, per_thread, &s);
    if (rc != CUDA_SUCCESS)
        return rc;
    if (a.flags)
        *a.flags = s->flags;
    if (a.priority)
        *a.priority = s->priority;
    if (a.ctx)
        *a.ctx = (CUcontext)s->ctx;
    if (a.id)
        *a.id = s->id;
    sim_unlock();
    return CUDA_SUCCESS;
}

#define QUESTION(name, type, field)                                                                                    \
    CUresult name(CUstream h, type *out)                                                                               \
    {                                                                                                                  \
        ENTER(name, 0);                                                                                                \
        return ask(h, false, (struct answers){.field = out});                                                          \
    }                                                                                                                  \
    CUresult name##_ptsz(CUstream h, type *out)                                                                        \
    {                                                                                                                  \
        ENTER(name##_ptsz, 0);                                                                                         \
        return ask(h, true, (struct answers){.field = out});                                                           \
    }
QUESTION(cuStreamGetFlags, unsigned, flags)
QUESTION(cuStreamGetPriority, int, priority)
QUESTION(cuStreamGetCtx, CUcontext, ctx)
QUESTION(cuStreamGetId, unsigned long long, id)
