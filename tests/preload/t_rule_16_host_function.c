/* Rule 16: host functions may allocate and free blocks, pinned ones too, without any driver call of autopin's. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};
static char *handed_over;

static void free_it(void *arg)
{
    free(arg);
}

static void allocate_and_free(void *arg)
{
    for (int i = 0; i < 20; i++) {
        char *block = malloc(BYTES + (size_t)i * 4096);
        memset(block, 1, BYTES);
        block = realloc(block, 2 * BYTES);
        free(block);
    }
    handed_over = malloc(BYTES);
    fill(handed_over, BYTES, (uint64_t)(uintptr_t)arg);
}

int main(void)
{
    begin_client(100);
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(BYTES);
    for (int i = 0; i < 20; i++) {
        char *block = malloc(BYTES + (size_t)i * 8192);
        fill(block, BYTES, i);
        for (int copy = 0; copy < 3; copy++)
            OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
        OK(cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, stream));
        OK(cu.cuLaunchHostFunc(stream, free_it, block));
        OK(cu.cuLaunchHostFunc(stream, allocate_and_free, (void *)(uintptr_t)(i + 1)));
        OK(cu.cuStreamSynchronize(stream));
        DEVICE_HOLDS(device, BYTES, i);
        OK(cu.cuMemcpyHtoDAsync_v2(device, handed_over, BYTES, stream));
        OK(cu.cuStreamSynchronize(stream));
        DEVICE_HOLDS(device, BYTES, i + 1);
        free(handed_over);
    }
    CHECK(sim->copies[SIM_H2D][1][1] > 0);
    SAME(sim->violations, 0);
    return 0;
}
