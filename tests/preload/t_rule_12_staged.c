/* Rule 12 for staged copies: they wait for what is before them on the caller's stream, what comes after waits for them,
 * and they go in the caller's context; a stream that stands still holds up nobody else. */
#define _GNU_SOURCE
#include "sim_client_staged.h"

enum {
    BYTES = 700 * KIB /* three chunks: all fit into slots */
};
static CUcontext contexts[2];

struct party {
    int shape, context;
    CUdeviceptr device;
    CUstream stream;
    struct gate gate;
};

/* A fill, the copy, a fill of its second half: in this order and no other. */
static void order(struct party *p, char *host)
{
    char *there = (char *)(uintptr_t)p->device;
    fill(host, BYTES, 5);
    memset(there, 0x11, BYTES);
    OK((p->shape & 8 ? cu.cuLaunchHostFunc_ptsz : cu.cuLaunchHostFunc)(p->stream, wait_for_gate, &p->gate));
    CHECK(goes_staged(p->shape, host, p->device, BYTES, p->stream));
    for (int i = 0; i < BYTES; i++) /* nothing has come yet */
        SAME(there[i], 0x11);
    OK((p->shape & 8 ? cu.cuLaunchHostFunc_ptsz : cu.cuLaunchHostFunc)(p->stream, wait_for_gate, &p->gate));
    SAME(cu.cuStreamQuery(p->stream ? p->stream : p->shape & 8 ? CU_STREAM_PER_THREAD : NULL), CUDA_ERROR_NOT_READY);
    atomic_store(&p->gate.open, 1);
    OK(cu.cuCtxSynchronize());
    DEVICE_HOLDS(p->device, BYTES, 5);
}

static void *run(void *arg)
{
    OK(cu.cuCtxSetCurrent(contexts[((struct party *)arg)->context]));
    order(arg, mapped(BYTES));
    return NULL;
}

/* Synchronous and asynchronous copies while another stream, or another context's, stands still. */
static void beside(int held_up, int own, int shape)
{
    struct gate gate = {0};
    char *host = mapped(BYTES);
    OK(cu.cuCtxSetCurrent(contexts[held_up]));
    CUstream other = new_stream();
    OK(cu.cuLaunchHostFunc(other, wait_for_gate, &gate));
    OK(cu.cuCtxSetCurrent(contexts[own]));
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(BYTES);
    fill(to_host(shape) ? (char *)(uintptr_t)device : host, BYTES, 30 + (uint64_t)shape);
    CHECK(goes_staged(shape, host, device, BYTES, stream));
    if (is_async(shape))
        OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, BYTES, 30 + (uint64_t)shape);
    HOLDS(host, BYTES, 30 + (uint64_t)shape);
    CUcontext current = NULL;
    OK(cu.cuCtxGetCurrent(&current));
    CHECK(current == contexts[own]);
    atomic_store(&gate.open, 1);
    OK(cu.cuCtxSetCurrent(contexts[held_up]));
    OK(cu.cuStreamSynchronize(other));
    munmap(host, BYTES);
}

/* A stream of the first context that the legacy default stream waits for, and that waits for the gate. */
static CUstream blocking_stream(struct gate *gate)
{
    CUstream stream = NULL;
    OK(cu.cuCtxSetCurrent(contexts[0]));
    OK(cu.cuStreamCreate(&stream, 0));
    OK(cu.cuLaunchHostFunc(stream, wait_for_gate, gate));
    return stream;
}

/* The legacy default stream would wait for that one; a thread's own does not. */
static void beside_a_blocking_stream(int shape)
{
    struct gate gate = {0};
    char *host = mapped(BYTES);
    CUstream other = blocking_stream(&gate);
    const CUdeviceptr device = device_memory(BYTES);
    fill(to_host(shape) ? (char *)(uintptr_t)device : host, BYTES, 60 + (uint64_t)shape);
    CHECK(goes_staged(shape, host, device, BYTES, NULL));
    OK(cu.cuStreamSynchronize(CU_STREAM_PER_THREAD));
    DEVICE_HOLDS(device, BYTES, 60 + (uint64_t)shape);
    HOLDS(host, BYTES, 60 + (uint64_t)shape);
    atomic_store(&gate.open, 1);
    OK(cu.cuStreamSynchronize(other));
    munmap(host, BYTES);
}

/* But a copy on the legacy stream waits for it. */
static void behind_a_blocking_stream(int shape)
{
    struct gate gate = {0};
    char *host = mapped(BYTES);
    (void)blocking_stream(&gate);
    const CUdeviceptr device = device_memory(BYTES);
    const pthread_t opener = open_soon(&gate);
    CHECK(goes_staged(shape, host, device, BYTES, NULL));
    CHECK(gate.open);
    pthread_join(opener, NULL);
    munmap(host, BYTES);
}

int main(void)
{
    contexts[0] = begin_client(100);
    contexts[1] = new_context();
    for (int round = 0; round < 8; round++) { /* legacy, per-thread, own stream; in either context */
        struct party party = {.shape = round & 2 ? 2 : 10, .context = round & 1};
        OK(cu.cuCtxSetCurrent(contexts[party.context]));
        party.device = device_memory(BYTES);
        party.stream = round & 4 ? new_stream() : NULL;
        pthread_t thread;
        SAME(pthread_create(&thread, NULL, run, &party), 0);
        SAME(pthread_join(thread, NULL), 0);
    }
    for (int contexts_of = 0; contexts_of < 4; contexts_of++)
        for (int shape = 0; shape < 4; shape++)
            beside(contexts_of & 1, contexts_of >> 1, shape);
    for (int shape = 8; shape < SHAPES; shape++)
        beside_a_blocking_stream(shape);
    for (int shape = 0; shape < 2; shape++)
        behind_a_blocking_stream(shape);
    SAME(sim->violations, 0);
    return 0;
}
