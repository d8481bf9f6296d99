/* Cases: what returns when, what waits for what, whose bytes arrive.  Owns nothing. */
#define _GNU_SOURCE
#include "selftest.h"

#include <string.h>

static void copy_to_device(struct task *t)
{
    t->rc = cu.cuMemcpyHtoDAsync_v2(t->d, t->p, t->bytes, t->s);
}

static void copy_to_host(struct task *t)
{
    t->rc = cu.cuMemcpyDtoHAsync_v2(t->p, t->d, t->bytes, t->s);
}

static void synchronize(struct task *t)
{
    t->rc = cu.cuStreamSynchronize(t->s);
}

/* Up to 64 KiB the source is staged: the call returns although the stream is busy, and the source may be reused. */
static void small_pageable_returns_early(void)
{
    struct gate g = {0};
    begin();
    CUstream s = stream(1);
    unsigned char *p = pages(64 * KIB, 1), *q = pages(64 * KIB, 0);
    CUdeviceptr d = device(64 * KIB);
    block_stream(s, &g);
    OK(cu.cuMemcpyHtoDAsync_v2(d, p, 64 * KIB, s));
    memset(p, 2, 64 * KIB);
    SAME(cu.cuStreamQuery(s), CUDA_ERROR_NOT_READY);
    open_gate(&g);
    OK(cu.cuStreamSynchronize(s));
    OK(cu.cuMemcpyDtoH_v2(q, d, 64 * KIB));
    CHECK(filled(q, 64 * KIB, 1));
    SAME(state->staged_copies, 1);
    SAME(state->copies[SIM_H2D][0][1], 1);
}

static void copy_now(struct task *t)
{
    t->rc = cu.cuMemcpyHtoD_v2(t->d, t->p, t->bytes);
}

/* A synchronous copy, however small, is in the order of the legacy stream. */
static void small_synchronous_waits_its_turn(void)
{
    struct gate g = {0};
    CUcontext ctx = begin();
    struct task t = {.ctx = ctx, .s = stream(0), .p = pages(4096, 1), .d = device(4096), .bytes = 4096};
    block_stream(t.s, &g);
    start(&t, copy_now);
    CHECK(!finishes(&t, 60));
    open_gate(&g);
    CHECK(finishes(&t, 5000));
    join(&t);
    OK(t.rc);
    SAME(state->staged_copies, 0);
}

/* Above, it waits for its turn and returns once the source has been read. */
static void large_pageable_waits(void)
{
    struct gate g = {0};
    CUcontext ctx = begin();
    struct task t = {.ctx = ctx, .s = stream(1), .p = pages(MIB, 1), .d = device(MIB), .bytes = MIB};
    unsigned char *q = pages(MIB, 0);
    block_stream(t.s, &g);
    start(&t, copy_to_device);
    CHECK(!finishes(&t, 60));
    open_gate(&g);
    CHECK(finishes(&t, 5000));
    join(&t);
    OK(t.rc);
    memset(t.p, 2, MIB);
    OK(cu.cuMemcpyDtoH_v2(q, t.d, MIB));
    CHECK(filled(q, MIB, 1));
}

static void pageable_to_host_waits(void)
{
    struct gate g = {0};
    CUcontext ctx = begin();
    struct task t = {.ctx = ctx, .s = stream(1), .p = pages(4096, 0), .d = device(4096), .bytes = 16};
    OK(cu.cuMemsetD8_v2(t.d, 6, 4096));
    OK(cu.cuCtxSynchronize());
    block_stream(t.s, &g);
    start(&t, copy_to_host);
    CHECK(!finishes(&t, 60));
    open_gate(&g);
    CHECK(finishes(&t, 5000));
    CHECK(filled(t.p, 16, 6));
    join(&t);
}

/* Pinned copies are read and written when the stream reaches them: who reuses a buffer too early gets wrong bytes. */
static void pinned_is_asynchronous(void)
{
    struct gate g = {0};
    void *alloc;
    begin();
    CUstream s = stream(1);
    unsigned char *p = pages(MIB, 1);
    CUdeviceptr d = device(MIB);
    OK(cu.cuMemHostRegister_v2(p, MIB, 0));
    OK(cu.cuMemHostAlloc(&alloc, MIB, 0));
    memset(alloc, 0, MIB);
    block_stream(s, &g);
    OK(cu.cuMemcpyHtoDAsync_v2(d, p, MIB, s));
    OK(cu.cuMemcpyDtoHAsync_v2(alloc, d, MIB, s));
    memset(p, 2, MIB);
    CHECK(filled(alloc, MIB, 0));
    open_gate(&g);
    OK(cu.cuStreamSynchronize(s));
    CHECK(filled(alloc, MIB, 2));
    OK(cu.cuMemHostUnregister(p));
    OK(cu.cuMemFreeHost(alloc));
    SAME(state->pinned_bytes, 0);
    SAME(state->pinned_bytes_peak, 2 * MIB);
    SAME(state->violations, 0);
}

static void legacy_stream_orders(void)
{
    struct gate g = {0}, h = {0};
    CUcontext ctx = begin();
    CUstream blocking = stream(0), free_stream = stream(1);
    CUdeviceptr d = device(4096);
    struct task legacy = {.ctx = ctx, .s = NULL}, other = {.ctx = ctx, .s = blocking};
    block_stream(blocking, &g);
    OK(cu.cuMemsetD32Async(d, 1, 4, NULL));        /* legacy: waits for the blocking stream */
    OK(cu.cuMemsetD32Async(d, 1, 4, free_stream)); /* non-blocking: waits for nobody */
    OK(cu.cuStreamSynchronize(free_stream));
    start(&legacy, synchronize);
    CHECK(!finishes(&legacy, 60));
    open_gate(&g);
    CHECK(finishes(&legacy, 5000));
    join(&legacy);
    block_stream(CU_STREAM_LEGACY, &h); /* and the other way round */
    OK(cu.cuMemsetD32Async(d, 1, 4, blocking));
    start(&other, synchronize);
    CHECK(!finishes(&other, 60));
    open_gate(&h);
    CHECK(finishes(&other, 5000));
    join(&other);
}

static void other_id(struct task *t)
{
    unsigned long long id = 0;
    t->rc = cu.cuStreamGetId_ptsz(NULL, &id);
    t->bytes = id;
}

static void per_thread_streams(void)
{
    struct gate g = {0};
    unsigned long long mine, same;
    CUcontext ctx = begin();
    struct task t = {.ctx = ctx};
    CUdeviceptr d = device(4096);
    unsigned char *p = pages(4096, 1);
    OK(cu.cuStreamGetId_ptsz(NULL, &mine));
    OK(cu.cuStreamGetId_ptsz(CU_STREAM_PER_THREAD, &same));
    SAME(mine, same);
    OK(cu.cuStreamGetId_ptsz(CU_STREAM_LEGACY, &same));
    CHECK(mine != same);
    start(&t, other_id);
    join(&t);
    CHECK(t.bytes != mine && t.bytes != same);
    OK(cu.cuLaunchHostFunc_ptsz(NULL, (void (*)(void *))open_gate, &g)); /* runs at all */
    OK(cu.cuStreamSynchronize(CU_STREAM_PER_THREAD));
    CHECK(g.open);
    OK(cu.cuMemcpyHtoDAsync_v2_ptsz(d, p, 4096, NULL));
    OK(cu.cuCtxSynchronize());
}

static void events(void)
{
    struct gate g = {0};
    CUevent a, b, untimed;
    float ms = -1;
    begin();
    CUstream s = stream(1), t = stream(1);
    CUdeviceptr d = device(4096);
    OK(cu.cuEventCreate(&a, 0));
    OK(cu.cuEventCreate(&b, 0));
    OK(cu.cuEventCreate(&untimed, CU_EVENT_DISABLE_TIMING));
    OK(cu.cuEventQuery(a));
    OK(cu.cuEventRecord(a, s));
    block_stream(s, &g);
    OK(cu.cuEventRecord(b, s));
    OK(cu.cuEventRecord(untimed, s));
    SAME(cu.cuEventQuery(b), CUDA_ERROR_NOT_READY);
    SAME(cu.cuEventElapsedTime(&ms, a, b), CUDA_ERROR_NOT_READY);
    OK(cu.cuStreamWaitEvent(t, b, 0));
    OK(cu.cuMemsetD32Async(d, 1, 1, t));
    nap_ms(40);
    SAME(cu.cuStreamQuery(t), CUDA_ERROR_NOT_READY);
    open_gate(&g);
    OK(cu.cuEventSynchronize(b));
    OK(cu.cuStreamSynchronize(t));
    OK(cu.cuEventElapsedTime(&ms, a, b));
    CHECK(ms >= 40 && ms < 60000);
    SAME(cu.cuEventElapsedTime(&ms, a, untimed), CUDA_ERROR_INVALID_HANDLE);
    OK(cu.cuEventDestroy_v2(a));
    SAME(cu.cuEventQuery(a), CUDA_ERROR_INVALID_HANDLE);
    SAME(cu.cuEventDestroy_v2(a), CUDA_ERROR_INVALID_HANDLE);
    OK(cu.cuStreamDestroy_v2(s));
    SAME(cu.cuStreamQuery(s), CUDA_ERROR_INVALID_HANDLE);
}

enum {
    THREADS = 16,
    ROUNDS = 60
};

static void hammer(struct task *t)
{
    CUstream s = stream(0);
    unsigned char *p = pages(256 * KIB, 0), *q = pages(256 * KIB, 0);
    CUdeviceptr d = device(256 * KIB);
    CUevent e;
    OK(cu.cuEventCreate(&e, CU_EVENT_DISABLE_TIMING));
    for (int i = 0; i < ROUNDS; i++) {
        size_t bytes = i % 3 == 0 ? 1000 : 256 * KIB;
        memset(p, i, bytes);
        if (i % 2)
            OK(cu.cuMemHostRegister_v2(p, 256 * KIB, 1));
        OK(cu.cuMemcpyHtoDAsync_v2(d, p, bytes, i % 5 ? s : NULL));
        OK(cu.cuEventRecord(e, i % 5 ? s : NULL));
        OK(cu.cuEventSynchronize(e));
        if (i % 2)
            OK(cu.cuMemHostUnregister(p));
        OK(cu.cuMemcpyDtoHAsync_v2(q, d, bytes, s));
        CHECK(filled(q, bytes, i));
    }
    OK(cu.cuEventDestroy_v2(e));
    OK(cu.cuStreamDestroy_v2(s));
    OK(cu.cuMemFree_v2(d));
    t->rc = CUDA_SUCCESS;
}

static void many_threads(void)
{
    struct task t[THREADS] = {0};
    CUcontext ctx = begin();
    for (int i = 0; i < THREADS; i++) {
        t[i].ctx = ctx;
        start(&t[i], hammer);
    }
    for (int i = 0; i < THREADS; i++)
        join(&t[i]);
    SAME(state->violations, 0);
    SAME(state->registered_bytes, 0);
    CHECK(state->regions_peak <= THREADS && state->regions_peak > 0);
}

const struct test_case stream_cases[] = {
    {"small_pageable_returns_early", small_pageable_returns_early, {0}, 0},
    {"small_synchronous_waits_its_turn", small_synchronous_waits_its_turn, {0}, 0},
    {"large_pageable_waits", large_pageable_waits, {0}, 0},
    {"pageable_to_host_waits", pageable_to_host_waits, {0}, 0},
    {"pinned_is_asynchronous", pinned_is_asynchronous, {0}, 0},
    {"legacy_stream_orders", legacy_stream_orders, {0}, 0},
    {"per_thread_streams", per_thread_streams, {0}, 0},
    {"events", events, {0}, 0},
    {"many_threads", many_threads, {0}, 0},
    {0},
};
