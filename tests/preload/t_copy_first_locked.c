/* The first copy of a process, from a block that mlock holds: the locks are given up for registrations, and nothing
 * waits for itself. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 40 * MIB
};

int main(void)
{
    for (int i = 0; i < 3; i++) {
        char *warm = same_site(BYTES);
        memset(warm, i, BYTES);
        free(warm);
    }
    begin_client(100);
    const CUdeviceptr device = device_memory(BYTES);
    char *block = same_site(BYTES);
    fill(block, BYTES, 3);
    OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
    DEVICE_HOLDS(device, BYTES, 3);
    promote(block, BYTES);
    OK(cu.cuMemcpyDtoH_v2(block, device, BYTES));
    HOLDS(block, BYTES, 3);
    free(block);
    return 0;
}
