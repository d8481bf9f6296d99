/* Rule 27: a block is pinned for every context, not only for the one in which it was copied first. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};

int main(void)
{
    const CUcontext first = begin_client(100);
    char *block = promoted_block(BYTES, 1);
    const uint64_t registered = sim->register_calls;
    new_context(); /* and current */
    const CUdeviceptr device = device_memory(BYTES);
    for (int i = 1; i < 4; i++) {
        const uint64_t direct = sim->copies[SIM_H2D][1][0];
        fill(block, BYTES, (uint64_t)i);
        OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
        DEVICE_HOLDS(device, BYTES, (uint64_t)i);
        SAME(sim->copies[SIM_H2D][1][0], direct + 1);
    }
    SAME(sim->register_calls, registered);
    OK(cu.cuCtxSetCurrent(first));
    free(block);
    return 0;
}
