/* Rule 10 while blocks are being pinned in the background: fresh blocks again and again, whose asynchronous copies meet
 * every moment of a promotion.  Each source is overwritten, each result read, as soon as the call has returned. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    ROUNDS = 60,
    COPIES = 12
};

static void one_block(CUstream stream, CUdeviceptr device, CUdeviceptr back, int seed)
{
    char *block = malloc(BYTES);
    CHECK(block);
    for (int i = 0; i < COPIES; i++) {
        const int fresh = seed * 100 + i;
        fill(block, BYTES, fresh);
        OK(cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, stream));
        memset(block, i, BYTES);
        fill((void *)(uintptr_t)back, BYTES, fresh + 50);
        OK(cu.cuMemcpyDtoHAsync_v2(block, back, BYTES, stream));
        HOLDS(block, BYTES, fresh + 50);
        OK(cu.cuStreamSynchronize(stream));
        DEVICE_HOLDS(device, BYTES, fresh);
    }
    free(block);
}

int main(void)
{
    begin_client(100);
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(BYTES), back = device_memory(BYTES);
    for (int i = 0; i < ROUNDS; i++)
        one_block(stream, device, back, i + 1);
    CHECK(sim->register_calls > 0);
    CHECK(sim->copies[SIM_H2D][1][1] > 0 && sim->copies[SIM_H2D][0][1] > 0);
    SAME(sim->straddles, 0);
    return 0;
}
