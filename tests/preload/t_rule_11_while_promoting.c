/* Rule 11 at every moment of a promotion: small asynchronous copies of blocks that are just being pinned, unpinned or
 * recycled return while their stream is held up. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 512 * KIB,
    ROUNDS = 400,
    SMALL = 20000
};

int main(void)
{
    begin_client(100);
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(BYTES);
    for (int round = 0; round < ROUNDS; round++) {
        struct gate gate = {0};
        char *block = malloc(BYTES);
        fill(block, BYTES, round);
        OK(cu.cuMemcpyHtoD_v2(device, block, BYTES)); /* its promotion begins */
        block_stream(stream, &gate);
        for (int i = 0; i < 5; i++) {
            OK(cu.cuMemcpyHtoDAsync_v2(device + (size_t)i * SMALL, block, SMALL, stream));
            memset(block, i, SMALL);
            fill(block, SMALL, round + i + 1);
        }
        atomic_store(&gate.open, 1);
        OK(cu.cuStreamSynchronize(stream));
        for (int i = 0; i < 5; i++)
            DEVICE_HOLDS(device + (size_t)i * SMALL, SMALL, round + i);
        free(block);
    }
    CHECK(sim->register_calls > 0);
    return 0;
}
