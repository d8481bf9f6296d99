/* Rule 11, for a block that mlock holds, as recycled blocks are before a program's first copy: that lock gives a device
 * nothing, so a small asynchronous host-to-device copy of it returns without waiting for its stream, as ever. */
#define _GNU_SOURCE
#include "sim_client.h"

int main(void)
{
    const size_t bytes = 40 * MIB;
    struct gate gate = {0};
    for (int i = 0; i < 4; i++) {
        char *warm = same_site(bytes);
        memset(warm, i, bytes);
        free(warm);
    }
    begin_client(100);
    const CUdeviceptr device = device_memory(bytes);
    CUstream stream = new_stream();
    char *block = same_site(bytes);
    fill(block, 4096, 3);
    block_stream(stream, &gate);
    OK(cu.cuMemcpyHtoDAsync_v2(device, block, 4096, stream));
    atomic_store(&gate.open, 1); /* never reached by a copy that waits: the alarm ends the test */
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, 4096, 3);
    free(block);
    return 0;
}
