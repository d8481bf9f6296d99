/* Rule 34: a block of which only the first piece can be registered is not pinned at all, and nothing of it stays
 * registered; later it is pinned whole. */
#define _GNU_SOURCE
#include "sim_client.h"

static const size_t BYTES = (size_t)300 * MIB;

int main(void)
{
    begin_client(100);
    char *block = malloc(BYTES);
    const CUdeviceptr device = device_memory(BYTES);
    memset(block, 7, BYTES);
    while (sim->register_calls < 1) /* the second, which fails, is not counted */
        OK(cu.cuMemcpyHtoD_v2(device, block, 1 * MIB));
    SAME(sim->registered_regions, 0);
    while (sim->registered_regions < 2) {
        nap_ms(5);
        OK(cu.cuMemcpyHtoD_v2(device, block, 1 * MIB));
    }
    SAME(sim->register_calls, 3);
    free(block);
    return 0;
}
