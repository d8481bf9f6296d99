/* Rules 14 and 15 for staged copies: nothing is staged while a capture is going on, whoever captures; it is again when
 * none is, however the last one ended; and chunks under way disturb no capture that begins meanwhile. */
#define _GNU_SOURCE
#include "sim_client_staged.h"

enum {
    BYTES = 3 * MIB,
    LARGE = 40 * MIB,
    GLOBAL = 0,
    RELAXED = 2
};
static CUcontext context;
static CUdeviceptr device;
static CUstream stream;
static char *host;

static int is_staged(void)
{
    CUstream other = new_stream();
    const int async = goes_staged(2, host, device, BYTES, other) + goes_staged(3, host, device, BYTES, other);
    OK(cu.cuStreamSynchronize(other));
    OK(cu.cuStreamDestroy_v2(other));
    return async;
}

static void as_it_ends(CUstream capturing, CUresult how)
{
    CUgraph graph = NULL;
    const uint64_t before = chunks();
    SAME(is_staged(), 0); /* in another stream */
    SAME(chunks(), before);
    SAME(cu.cuStreamEndCapture(capturing, &graph), how);
    if (graph)
        OK(cu.cuGraphDestroy(graph));
    SAME(is_staged(), 2);
}

/* Copies that the capture itself takes are nodes of the graph, and see what is in memory when that is launched. */
static void captured(void)
{
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;
    OK(cu.cuStreamBeginCapture_v2(stream, RELAXED));
    const uint64_t before = chunks() + plain_copies();
    OK(cu.cuMemcpyHtoDAsync_v2(device, host, BYTES, stream));
    SAME(chunks() + plain_copies(), before);
    OK(cu.cuStreamEndCapture(stream, &graph));
    fill(host, BYTES, 3);
    OK(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cu.cuGraphLaunch(exec, stream));
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, BYTES, 3);
    OK(cu.cuGraphExecDestroy(exec));
    OK(cu.cuGraphDestroy(graph));
}

static void ends_well(void)
{
    OK(cu.cuStreamBeginCapture_v2(stream, RELAXED));
    as_it_ends(stream, CUDA_SUCCESS);
}

/* A synchronous copy of the capturing stream's own context, or rather a wait for it, is forbidden. */
static void ends_invalidated(void)
{
    OK(cu.cuStreamBeginCapture_v2(stream, RELAXED));
    SAME(cu.cuStreamSynchronize(stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    as_it_ends(stream, CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
}

/* A stream that has joined by an event is never joined back. */
static void ends_unjoined(void)
{
    CUstream other = new_stream();
    CUevent event = NULL;
    typedef CUresult (*create)(CUevent *, unsigned);
    typedef CUresult (*record)(CUevent, CUstream);
    typedef CUresult (*wait)(CUstream, CUevent, unsigned);
    OK(((create)dlsym(driver_handle, "cuEventCreate"))(&event, 2));
    OK(cu.cuStreamBeginCapture_v2(stream, RELAXED));
    OK(((record)dlsym(driver_handle, "cuEventRecord"))(event, stream));
    OK(((wait)dlsym(driver_handle, "cuStreamWaitEvent"))(other, event, 0));
    OK(cu.cuMemcpyHtoDAsync_v2(device, host, BYTES, other));
    as_it_ends(stream, CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
}

/* One that cannot begin, and one that cannot end, change nothing. */
static void mistakes(void)
{
    CUgraph graph = NULL;
    CHECK(cu.cuStreamBeginCapture_v2(stream, 77) != CUDA_SUCCESS);
    CHECK(cu.cuStreamEndCapture(stream, &graph) != CUDA_SUCCESS);
    SAME(is_staged(), 2);
    OK(cu.cuStreamBeginCapture_v2(stream, RELAXED));
    CHECK(cu.cuStreamBeginCapture_v2(stream, RELAXED) != CUDA_SUCCESS);
    CHECK(cu.cuStreamEndCapture(new_stream(), &graph) != CUDA_SUCCESS);
    as_it_ends(stream, CUDA_SUCCESS);
}

static atomic_int begun;

static void *copy_large(void *gate)
{
    OK(cu.cuCtxSetCurrent(context));
    CUstream own = new_stream();
    const CUdeviceptr there = device_memory(LARGE);
    char *large = mapped(LARGE);
    fill(large, LARGE, 8);
    OK(cu.cuLaunchHostFunc(own, wait_for_gate, gate));
    atomic_store(&begun, 1);
    OK(cu.cuMemcpyHtoDAsync_v2(there, large, LARGE, own)); /* more than it has slots for */
    OK(cu.cuMemcpyDtoHAsync_v2(large, there, LARGE, own)); /* begins in the middle of the capture: plain */
    HOLDS(large, LARGE, 8);
    return NULL;
}

/* A copy has begun and waits for a slot; then a global capture begins; then the copy goes on. */
static void under_way(void)
{
    struct gate gate = {0};
    CUgraph graph = NULL;
    pthread_t thread;
    const uint64_t before = chunks();
    atomic_store(&begun, 0);
    SAME(pthread_create(&thread, NULL, copy_large, &gate), 0);
    while (!atomic_load(&begun) || chunks() < before + 3)
        nap_ms(1);
    OK(cu.cuStreamBeginCapture_v2(stream, GLOBAL));
    atomic_store(&gate.open, 1);
    SAME(pthread_join(thread, NULL), 0);
    CHECK(chunks() >= before + LARGE / SLOT);
    OK(cu.cuStreamEndCapture(stream, &graph));
    OK(cu.cuGraphDestroy(graph));
    SAME(is_staged(), 2);
}

int main(void)
{
    context = begin_client(100);
    device = device_memory(BYTES);
    stream = new_stream();
    host = mapped(BYTES);
    SAME(is_staged(), 2);
    ends_well();
    captured();
    ends_invalidated();
    ends_unjoined();
    mistakes();
    const uint64_t invalidated = sim->captures_invalidated;
    for (int i = 0; i < 5; i++)
        under_way();
    SAME(sim->captures_invalidated, invalidated);
    SAME(sim->violations, 0);
    return 0;
}
