/* Rule 12: a copy stays on its caller's stream and in its caller's context: it comes after the work before it and
 * before the work after it, waits for no other stream, and leaves the current context as it was. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};

/* Everything on the other streams is held up; the copies on this one come through, in order. */
static void other_streams_held_up(char *block)
{
    struct gate gates[3] = {0};
    CUstream mine = new_stream(), other[2] = {new_stream(), new_stream()};
    const CUdeviceptr device = device_memory(BYTES);
    block_stream(other[0], &gates[0]);
    block_stream(other[1], &gates[1]);
    OK(cu.cuLaunchHostFunc_ptsz(NULL, wait_for_gate, &gates[2]));
    for (int i = 1; i < 6; i++) {
        fill(block, BYTES, i);
        OK(cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, mine));
        fill(block, BYTES, 99);
        OK(cu.cuMemcpyHtoDAsync_v2(device + 40, block, 8 * KIB, mine));
        OK(cu.cuMemcpyDtoHAsync_v2(block, device, BYTES, mine));
        HOLDS(block, 40, i);
        HOLDS(block + 40, 8 * KIB, 99);
        CHECK(memcmp(block, (void *)(uintptr_t)device, BYTES) == 0);
    }
    for (int i = 0; i < 3; i++)
        atomic_store(&gates[i].open, 1);
    OK(cu.cuCtxSynchronize());
    for (int i = 0; i < 2; i++)
        OK(cu.cuStreamDestroy_v2(other[i]));
    OK(cu.cuStreamDestroy_v2(mine));
    OK(cu.cuMemFree_v2(device));
}

/* A block pinned in one context is copied in another one; the current context stays what it was. */
static void two_contexts(char *block, CUcontext first)
{
    CUcontext second = new_context(), now = NULL;
    const CUdeviceptr device = device_memory(BYTES);
    CUstream stream = new_stream();
    fill(block, BYTES, 31);
    OK(cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, stream));
    OK(cu.cuCtxGetCurrent(&now));
    CHECK(now == second);
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, BYTES, 31);
    char *another = promoted_block(BYTES, 32);
    OK(cu.cuCtxGetCurrent(&now));
    CHECK(now == second);
    OK(cu.cuCtxSetCurrent(first));
    OK(cu.cuMemcpyHtoD_v2(device, another, BYTES));
    DEVICE_HOLDS(device, BYTES, 32);
    OK(cu.cuCtxGetCurrent(&now));
    CHECK(now == first);
    free(another);
}

static char nobody;

static void *use_in_thread(void *arg)
{
    CUcontext now = (CUcontext)(void *)&nobody;
    OK(cu.cuCtxGetCurrent(&now));
    CHECK(!now);
    SAME(cu.cuMemcpyHtoD_v2(4096, arg, BYTES), CUDA_ERROR_INVALID_CONTEXT);
    OK(cu.cuCtxGetCurrent(&now));
    CHECK(!now);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    CUcontext first = begin_client(100);
    char *block = promoted_block(BYTES, 1);
    other_streams_held_up(block);
    two_contexts(block, first);
    SAME(pthread_create(&thread, NULL, use_in_thread, block), 0);
    pthread_join(thread, NULL);
    CHECK(sim->copies[SIM_H2D][1][1] > 0);
    SAME(sim->straddles, 0);
    return 0;
}
