/* Rule 27: a primary context lives until its last release; until then nothing is unpinned and nobody waits. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    BLOCKS = 3
};
static char *blocks[BLOCKS];
typedef CUresult (*release_fn)(CUdevice);

static void retain(int times)
{
    CUcontext context = NULL, again = NULL;
    OK(cu.cuDevicePrimaryCtxRetain(&context, 0));
    for (int i = 1; i < times; i++) {
        OK(cu.cuDevicePrimaryCtxRetain(&again, 0));
        CHECK(again == context);
    }
    OK(cu.cuCtxSetCurrent(context));
}

static void copies_are_direct(CUdeviceptr device)
{
    const uint64_t direct = sim->copies[SIM_H2D][1][0];
    for (int i = 0; i < BLOCKS; i++) {
        fill(blocks[i], BYTES, 40 + i);
        OK(cu.cuMemcpyHtoD_v2(device, blocks[i], BYTES));
        DEVICE_HOLDS(device, BYTES, 40 + i);
    }
    SAME(sim->copies[SIM_H2D][1][0], direct + BLOCKS);
}

/* While a stream is held up: whoever waits for it waits for ever, and the alarm ends the test. */
static void not_the_last(release_fn release, CUdeviceptr device)
{
    struct gate gate = {0};
    CUstream stream = new_stream();
    block_stream(stream, &gate);
    const uint64_t unregistered = sim->unregister_calls;
    OK(release(0));
    SAME(atomic_load(&gate.open), 0);
    SAME(sim->registered_regions, BLOCKS);
    SAME(sim->unregister_calls, unregistered);
    atomic_store(&gate.open, 1);
    OK(cu.cuStreamSynchronize(stream));
    OK(cu.cuStreamDestroy_v2(stream));
    copies_are_direct(device);
}

static void round_trip(release_fn release, release_fn other, int times)
{
    retain(times);
    for (int i = 0; i < BLOCKS; i++)
        promote(blocks[i], BYTES);
    const CUdeviceptr device = device_memory(BYTES);
    SAME(sim->registered_regions, BLOCKS);
    for (int i = 1; i < times; i++)
        not_the_last(i % 2 ? release : other, device);
    OK(release(0));
    SAME(sim->registered_regions, 0);
    SAME(sim->leaked_registrations, 0);
    SAME(release(0), CUDA_ERROR_INVALID_CONTEXT); /* once too often: counts for nothing */
}

int main(void)
{
    alarm(100);
    bind_driver();
    OK(cu.cuInit(0));
    for (int i = 0; i < BLOCKS; i++)
        fill(blocks[i] = malloc(BYTES), BYTES, i);
    for (int times = 1; times < 5; times++) {
        round_trip(cu.cuDevicePrimaryCtxRelease, cu.cuDevicePrimaryCtxRelease_v2, times);
        round_trip(cu.cuDevicePrimaryCtxRelease_v2, cu.cuDevicePrimaryCtxRelease, times);
    }
    return 0;
}
