/* Cases: stream capture with its three modes, graphs and their nodes.  Owns nothing. */
#define _GNU_SOURCE
#include "selftest.h"

#include <string.h>

enum {
    GLOBAL,
    THREAD_LOCAL,
    RELAXED
};

static void try_register(struct task *t)
{
    int mode = (int)t->bytes;
    OK(cu.cuThreadExchangeStreamCaptureMode(&mode));
    t->rc = cu.cuMemHostRegister_v2(t->p, 4096, 0);
}

/* Begins a capture in `mode`, registers in a thread of mode `other`; gives the register's and EndCapture's results. */
static void register_during(int mode, int other, CUresult *during, CUresult *end)
{
    CUcontext ctx;
    CUgraph g = NULL;
    OK(cu.cuCtxGetCurrent(&ctx));
    struct task t = {.ctx = ctx, .p = pages(4096, 0), .bytes = (size_t)other};
    CUstream s = stream(1);
    OK(cu.cuStreamBeginCapture_v2(s, mode));
    start(&t, try_register);
    join(&t);
    *during = t.rc;
    *end = cu.cuStreamEndCapture(s, &g);
    if (*end == CUDA_SUCCESS)
        OK(cu.cuGraphDestroy(g));
    else
        CHECK(g == NULL);
    if (t.rc == CUDA_SUCCESS)
        OK(cu.cuMemHostUnregister(t.p));
    OK(cu.cuStreamDestroy_v2(s));
}

static void modes(void)
{
    CUresult during, end;
    begin();
    register_during(GLOBAL, GLOBAL, &during, &end);
    SAME(during, 900);
    SAME(end, 901);
    register_during(GLOBAL, THREAD_LOCAL, &during, &end);
    OK(during);
    OK(end);
    register_during(GLOBAL, RELAXED, &during, &end);
    OK(during);
    OK(end);
    register_during(THREAD_LOCAL, GLOBAL, &during, &end);
    OK(during);
    OK(end);
    register_during(RELAXED, GLOBAL, &during, &end);
    OK(during);
    OK(end);
    SAME(state->captures_invalidated, 1);
}

/* The capturing thread itself: forbidden calls cost the capture; relaxed mode allows them. */
static void own_thread(void)
{
    int mode = RELAXED;
    CUdeviceptr d;
    CUgraph g;
    CUevent e;
    begin();
    CUstream s = stream(1);
    OK(cu.cuEventCreate(&e, 0));
    OK(cu.cuStreamBeginCapture_v2(s, THREAD_LOCAL));
    SAME(cu.cuMemAlloc_v2(&d, 4096), 900);
    SAME(cu.cuStreamEndCapture(s, &g), 901);
    OK(cu.cuStreamBeginCapture_v2(s, GLOBAL));
    SAME(cu.cuEventQuery(e), 900);
    SAME(cu.cuStreamEndCapture(s, &g), 901);
    OK(cu.cuStreamBeginCapture_v2(s, RELAXED));
    OK(cu.cuEventQuery(e));
    SAME(cu.cuStreamSynchronize(s), 900); /* the capturing stream itself, in any mode */
    SAME(cu.cuStreamEndCapture(s, &g), 901);
    OK(cu.cuStreamBeginCapture_v2(s, GLOBAL));
    OK(cu.cuThreadExchangeStreamCaptureMode(&mode));
    SAME(mode, GLOBAL);
    OK(cu.cuMemAlloc_v2(&d, 4096));
    OK(cu.cuThreadExchangeStreamCaptureMode(&mode));
    SAME(mode, RELAXED);
    OK(cu.cuStreamEndCapture(s, &g));
    SAME(cu.cuStreamEndCapture(s, &g), 401);
    SAME(cu.cuStreamBeginCapture_v2(NULL, GLOBAL), 900);
}

static void end_it(struct task *t)
{
    CUgraph g;
    t->rc = cu.cuStreamEndCapture(t->s, &g);
}

static void joins(void)
{
    int status = 9, relaxed = RELAXED;
    CUgraph g;
    CUevent fork_event, join_event, outside;
    begin();
    CUstream s = stream(0), t = stream(1), u = stream(1);
    CUdeviceptr d = device(4096);
    OK(cu.cuEventCreate(&fork_event, 0));
    OK(cu.cuEventCreate(&join_event, 0));
    OK(cu.cuEventCreate(&outside, 0));
    OK(cu.cuThreadExchangeStreamCaptureMode(&relaxed));
    for (int joined = 0; joined < 2; joined++) {
        OK(cu.cuStreamBeginCapture_v2(s, GLOBAL));
        OK(cu.cuEventRecord(fork_event, s));
        SAME(cu.cuEventQuery(fork_event), 907);
        OK(cu.cuStreamWaitEvent(t, fork_event, 0));
        OK(cu.cuMemsetD32Async(d, 1, 1, t));
        OK(cu.cuStreamIsCapturing(t, &status));
        SAME(status, 1);
        SAME(cu.cuStreamIsCapturing(NULL, &status), 906);
        OK(cu.cuEventRecord(join_event, t));
        if (joined)
            OK(cu.cuStreamWaitEvent(s, join_event, 0));
        SAME(cu.cuStreamEndCapture(s, &g), joined ? 0 : 904);
        OK(cu.cuStreamIsCapturing(t, &status));
        SAME(status, 0);
    }
    OK(cu.cuEventRecord(outside, u));
    OK(cu.cuStreamBeginCapture_v2(s, GLOBAL));
    SAME(cu.cuStreamWaitEvent(s, outside, 0), 905);
    SAME(cu.cuStreamEndCapture(s, &g), 901);
    OK(cu.cuStreamBeginCapture_v2(s, GLOBAL));
    SAME(cu.cuMemsetD32Async(d, 1, 1, NULL), 906); /* the legacy stream would depend on the capture */
    SAME(cu.cuStreamEndCapture(s, &g), 901);
}

/* Unless relaxed, a capture ends in the thread that began it. */
static void wrong_thread(void)
{
    CUgraph g;
    struct task other = {.ctx = begin(), .s = stream(1)};
    OK(cu.cuStreamBeginCapture_v2(other.s, THREAD_LOCAL));
    start(&other, end_it);
    join(&other);
    SAME(other.rc, 908);
    OK(cu.cuStreamEndCapture(other.s, &g));
    struct task third = {.ctx = other.ctx, .s = other.s};
    OK(cu.cuStreamBeginCapture_v2(third.s, RELAXED));
    start(&third, end_it);
    join(&third);
    OK(third.rc);
}

/* What a graph was made to copy as pinned must still be pinned, or at least in one piece. */
static void launch_unpinned(CUgraphExec e, CUstream s, void *p)
{
    SAME(state->violations, 0);
    OK(cu.cuMemHostUnregister(p));
    OK(cu.cuGraphLaunch(e, s));
    OK(cu.cuStreamSynchronize(s));
    SAME(state->violation[SIM_V_GRAPH_UNPINNED], 1);
    OK(cu.cuMemHostRegister_v2(p, 4096, 0));
    SAME(cu.cuGraphLaunch(e, s), CUDA_ERROR_INVALID_VALUE);
    SAME(state->straddles, 1);
}

/* Nothing runs while capturing; each launch reads what the buffers hold then. */
static void captured_copies(void)
{
    CUgraph g;
    CUgraphExec e;
    size_t count = 0;
    begin();
    CUstream s = stream(1);
    unsigned char *p = pages(MIB, 1), *q = pages(MIB, 0), *small = pages(4096, 3);
    CUdeviceptr d = device(MIB), d2 = device(4096);
    OK(cu.cuMemHostRegister_v2(p, MIB, 0));
    OK(cu.cuMemHostRegister_v2(q, MIB, 0));
    OK(cu.cuStreamBeginCapture_v2(s, GLOBAL));
    OK(cu.cuMemcpyHtoDAsync_v2(d, p, MIB, s));
    OK(cu.cuMemcpyHtoDAsync_v2(d2, small, 4096, s)); /* pageable: not staged now, read at launch */
    OK(cu.cuMemcpyDtoHAsync_v2(q, d, MIB, s));
    OK(cu.cuStreamEndCapture(s, &g));
    OK(cu.cuGraphGetNodes(g, NULL, &count));
    SAME(count, 3);
    CHECK(filled(q, MIB, 0));
    SAME(state->staged_copies, 0);
    OK(cu.cuGraphInstantiateWithFlags(&e, g, 0));
    OK(cu.cuGraphDestroy(g));
    for (int i = 5; i < 8; i++) {
        memset(p, i, MIB);
        OK(cu.cuGraphLaunch(e, s));
        OK(cu.cuStreamSynchronize(s));
        CHECK(filled(q, MIB, i));
    }
    SAME(state->graph_launches, 3);
    SAME(state->copies[SIM_D2H][1][1], 3);
    launch_unpinned(e, s, p);
    OK(cu.cuGraphExecDestroy(e));
    SAME(cu.cuGraphLaunch(e, s), CUDA_ERROR_INVALID_VALUE);
}

static struct cu_memcpy3d upload(CUdeviceptr d, const void *p, size_t bytes)
{
    return (struct cu_memcpy3d){.src_type = CU_MEMORYTYPE_HOST,
                                .src_host = p,
                                .dst_type = CU_MEMORYTYPE_DEVICE,
                                .dst_device = d,
                                .width = bytes,
                                .height = 1,
                                .depth = 1};
}

static void made_nodes(void)
{
    CUgraph g;
    CUgraphExec e;
    CUgraphNode a, b;
    CUcontext ctx = begin();
    unsigned char *p = pages(4096, 1), *r = pages(4096, 2), *q = pages(8192, 0);
    CUdeviceptr d = device(8192);
    struct cu_memcpy3d first = upload(d, p, 4096), again = upload(d, r, 4096);
    struct cu_graph_node_params params = {.type = CU_GRAPH_NODE_TYPE_MEMCPY};
    params.u.memcpy.copy = upload(d + 4096, p, 4096);
    OK(cu.cuGraphCreate(&g, 0));
    OK(cu.cuGraphAddMemcpyNode(&a, g, NULL, 0, &first, ctx));
    OK(cu.cuGraphAddNode(&b, g, &a, 1, &params));
    SAME(cu.cuGraphAddNode(&b, g, (CUgraphNode *)&g, 1, &params), CUDA_ERROR_INVALID_VALUE);
    OK(cu.cuGraphInstantiateWithFlags(&e, g, 0));
    OK(cu.cuGraphLaunch(e, NULL));
    OK(cu.cuMemcpyDtoH_v2(q, d, 8192));
    CHECK(filled(q, 8192, 1));
    OK(cu.cuGraphExecMemcpyNodeSetParams(e, a, &again, ctx));
    OK(cu.cuGraphLaunch(e, NULL));
    OK(cu.cuMemcpyDtoH_v2(q, d, 8192));
    CHECK(filled(q, 4096, 2) && filled(q + 4096, 4096, 1));
    again.width = 4097;
    OK(cu.cuMemHostRegister_v2(r, 4096, 0));
    SAME(cu.cuGraphExecMemcpyNodeSetParams(e, a, &again, ctx), CUDA_ERROR_INVALID_VALUE);
    OK(cu.cuMemHostUnregister(r));
    OK(cu.cuGraphExecDestroy(e));
    OK(cu.cuGraphDestroy(g));
    SAME(cu.cuGraphDestroy(g), CUDA_ERROR_INVALID_VALUE);
}

const struct test_case capture_cases[] = {
    {"modes", modes, {0}, 0},
    {"own_thread", own_thread, {0}, 0},
    {"joins", joins, {0}, 0},
    {"wrong_thread", wrong_thread, {0}, 0},
    {"captured_copies", captured_copies, {0}, 0},
    {"made_nodes", made_nodes, {0}, 0},
    {0},
};
