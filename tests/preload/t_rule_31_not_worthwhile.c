/* Rule 31: where the device cannot use registered memory, or reads pageable memory through the host's page tables,
 * nothing is registered, and copies go on as they are. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};

int main(void)
{
    begin_client(100);
    char *block = malloc(BYTES);
    const CUdeviceptr device = device_memory(BYTES);
    CUstream stream = new_stream();
    for (int i = 0; i < 30; i++) {
        fill(block, BYTES, i);
        OK(cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, stream));
        memset(block, 0, BYTES);
        OK(cu.cuMemcpyDtoHAsync_v2(block, device, BYTES, stream));
        HOLDS(block, BYTES, i);
        nap_ms(i % 10 == 0 ? 20 : 0);
    }
    SAME(sim->register_calls, 0);
    SAME(sim->copies[SIM_H2D][0][1], 30);
    return 0;
}
