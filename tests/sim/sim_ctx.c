/* Owns contexts: the primary one of each device, created ones, each thread's stack of current ones, and their end.
 *
 * Takes sim.lock; the stack is thread-local.  A context's memory is never given back, so that a thread which still has
 * a dead context current can be told so. */
#define _GNU_SOURCE
#include "sim.h"

#include <string.h>

static __thread struct sim_thread here __attribute__((tls_model("initial-exec")));
static atomic_uint_fast64_t last_thread;
static pthread_key_t thread_end;
static pthread_once_t thread_end_once = PTHREAD_ONCE_INIT;

struct sim_thread *sim_thread(void)
{
    if (here.id == 0)
        here.id = atomic_fetch_add(&last_thread, 1) + 1;
    return &here;
}

struct sim_ctx *sim_ctx_current(void)
{
    struct sim_thread *t = sim_thread();
    return t->depth ? t->stack[t->depth - 1] : NULL;
}

/* A thread that ends takes its per-thread default streams with it. */
static void end_thread(void *id)
{
    if (atomic_load(&sim.forked))
        return; /* the lock may be held for ever */
    sim_lock();
    for (struct sim_stream *s = sim.streams; s; s = s->next)
        if (s->live && s->owner == (uint64_t)(uintptr_t)id)
            sim_stream_retire(s);
    sim_unlock();
}

static void make_key(void)
{
    pthread_key_create(&thread_end, end_thread);
}

void sim_thread_watch(void)
{
    pthread_once(&thread_end_once, make_key);
    pthread_setspecific(thread_end, (void *)(uintptr_t)sim_thread()->id);
}

/* sim.lock is held. */
static struct sim_ctx *ctx_new(int device, unsigned flags, bool primary)
{
    struct sim_ctx *c = sim_alloc(sizeof *c);
    c->device = device;
    c->flags = flags;
    c->primary = primary;
    c->alive = true;
    c->next = sim.contexts;
    sim.contexts = c;
    sim_handle_add(c, KIND_CTX);
    c->legacy = sim_stream_new(c, 0, 0, 0);
    return c;
}

/* Waits for the context's work, then ends its streams and memory, but for the legacy stream.  sim.lock is held. */
void sim_ctx_destroy_contents(struct sim_ctx *ctx)
{
    sim_wait_ctx(ctx);
    sim_ctx_drop_memory(ctx);
    for (struct sim_stream *s = sim.streams; s; s = s->next)
        if (s->live && s->ctx == ctx && s != ctx->legacy)
            sim_stream_retire(s);
}

static struct sim_ctx *ctx_at(CUcontext h)
{
    struct sim_ctx *c = (struct sim_ctx *)h;
    return sim_handle_is(h, KIND_CTX) && c->alive ? c : NULL;
}

static CUresult push(struct sim_ctx *c)
{
    struct sim_thread *t = sim_thread();
    if (t->depth == SIM_CTX_STACK)
        return CUDA_ERROR_INVALID_VALUE;
    t->stack[t->depth++] = c;
    return CUDA_SUCCESS;
}

static CUresult create(CUcontext *out, unsigned flags, CUdevice d)
{
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    if (!sim_device_known(d))
        return SIM_ERROR_INVALID_DEVICE;
    sim_lock();
    struct sim_ctx *c = ctx_new(d, flags, false);
    sim_unlock();
    *out = (CUcontext)c;
    return push(c);
}

CUresult cuCtxCreate_v2(CUcontext *out, unsigned flags, CUdevice d)
{
    ENTER(cuCtxCreate_v2, EN_NOCTX | EN_UNSAFE);
    return create(out, flags, d);
}

CUresult cuCtxCreate_v3(CUcontext *out, void *affinity, int affinities, unsigned flags, CUdevice d)
{
    ENTER(cuCtxCreate_v3, EN_NOCTX | EN_UNSAFE);
    return affinity || affinities ? CUDA_ERROR_NOT_SUPPORTED : create(out, flags, d);
}

static CUresult destroy(CUcontext h)
{
    struct sim_thread *t = sim_thread();
    sim_lock();
    struct sim_ctx *c = ctx_at(h);
    if (!c || c->primary) {
        sim_unlock();
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    sim_ctx_destroy_contents(c);
    sim_stream_retire(c->legacy);
    c->alive = false;
    sim_handle_remove(c);
    sim_unlock();
    if (t->depth && t->stack[t->depth - 1] == c)
        t->depth--;
    return CUDA_SUCCESS;
}

CUresult cuCtxDestroy(CUcontext h)
{
    ENTER(cuCtxDestroy, EN_NOCTX | EN_UNSAFE);
    return destroy(h);
}

CUresult cuCtxDestroy_v2(CUcontext h)
{
    ENTER(cuCtxDestroy_v2, EN_NOCTX | EN_UNSAFE);
    return destroy(h);
}

CUresult cuCtxDetach(CUcontext h)
{
    ENTER(cuCtxDetach, EN_NOCTX | EN_UNSAFE);
    return destroy(h);
}

CUresult cuCtxPushCurrent_v2(CUcontext h)
{
    ENTER(cuCtxPushCurrent_v2, EN_NOCTX);
    sim_lock();
    struct sim_ctx *c = ctx_at(h);
    sim_unlock();
    return c ? push(c) : CUDA_ERROR_INVALID_CONTEXT;
}

CUresult cuCtxPopCurrent_v2(CUcontext *out)
{
    struct sim_thread *t = sim_thread();
    ENTER(cuCtxPopCurrent_v2, EN_NOCTX);
    if (t->depth == 0)
        return CUDA_ERROR_INVALID_CONTEXT;
    t->depth--;
    if (out)
        *out = (CUcontext)t->stack[t->depth];
    return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext h)
{
    struct sim_thread *t = sim_thread();
    ENTER(cuCtxSetCurrent, EN_NOCTX);
    sim_lock();
    struct sim_ctx *c = h ? ctx_at(h) : NULL;
    sim_unlock();
    if (h && !c)
        return CUDA_ERROR_INVALID_CONTEXT;
    if (!h) {
        t->depth -= t->depth > 0;
        return CUDA_SUCCESS;
    }
    if (t->depth == 0)
        return push(c);
    t->stack[t->depth - 1] = c;
    return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext *out)
{
    ENTER(cuCtxGetCurrent, EN_NOCTX);
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    *out = (CUcontext)sim_ctx_current();
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *out, CUdevice d)
{
    ENTER(cuDevicePrimaryCtxRetain, EN_NOCTX);
    if (!out || !sim_device_known(d))
        return out ? SIM_ERROR_INVALID_DEVICE : CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    struct sim_ctx *c = sim.primary[d];
    if (!c)
        c = sim.primary[d] = ctx_new(d, 0, true);
    c->refs++;
    c->alive = true;
    sim_unlock();
    *out = (CUcontext)c;
    return CUDA_SUCCESS;
}

static CUresult primary_release(CUdevice d)
{
    if (!sim_device_known(d))
        return SIM_ERROR_INVALID_DEVICE;
    sim_lock();
    struct sim_ctx *c = sim.primary[d];
    bool held = c && c->refs > 0;
    if (held && c->refs == 1) {
        sim_ctx_destroy_contents(c);
        c->alive = false;
    }
    if (held)
        c->refs--;
    sim_unlock();
    return held ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

static CUresult primary_reset(CUdevice d)
{
    if (!sim_device_known(d))
        return SIM_ERROR_INVALID_DEVICE;
    sim_lock();
    struct sim_ctx *c = sim.primary[d];
    if (c && c->alive) {
        sim_ctx_destroy_contents(c);
        c->flags = 0;
    }
    sim_unlock();
    return CUDA_SUCCESS;
}

static CUresult primary_set_flags(CUdevice d, unsigned flags)
{
    if (!sim_device_known(d))
        return SIM_ERROR_INVALID_DEVICE;
    sim_lock();
    if (!sim.primary[d]) {
        sim.primary[d] = ctx_new(d, 0, true);
        sim.primary[d]->alive = false;
    }
    sim.primary[d]->flags = flags;
    sim_unlock();
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxGetState(CUdevice d, unsigned *flags, int *active)
{
    ENTER(cuDevicePrimaryCtxGetState, EN_NOCTX);
    if (!sim_device_known(d))
        return SIM_ERROR_INVALID_DEVICE;
    sim_lock();
    struct sim_ctx *c = sim.primary[d];
    if (flags)
        *flags = c ? c->flags : 0;
    if (active)
        *active = c && c->alive;
    sim_unlock();
    return CUDA_SUCCESS;
}

#define PRIMARY(name, function, params, args)                                                                          \
    CUresult name params                                                                                               \
    {                                                                                                                  \
        ENTER(name, EN_NOCTX);                                                                                         \
        return function args;                                                                                          \
    }
PRIMARY(cuDevicePrimaryCtxRelease, primary_release, (CUdevice d), (d))
PRIMARY(cuDevicePrimaryCtxRelease_v2, primary_release, (CUdevice d), (d))
PRIMARY(cuDevicePrimaryCtxReset, primary_reset, (CUdevice d), (d))
PRIMARY(cuDevicePrimaryCtxReset_v2, primary_reset, (CUdevice d), (d))
PRIMARY(cuDevicePrimaryCtxSetFlags, primary_set_flags, (CUdevice d, unsigned flags), (d, flags))
PRIMARY(cuDevicePrimaryCtxSetFlags_v2, primary_set_flags, (CUdevice d, unsigned flags), (d, flags))
