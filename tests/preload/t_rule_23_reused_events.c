/* Rule 23: of copies that return at once (async = relaxed) each is noticed to have ended, also one that is issued while
 * the worker is asking about others, with an event that it has just found to be over. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    COPY = 128 * KIB,
    FLIGHTS = 400,
    ROUNDS = 100
};

int main(void)
{
    struct gate gate;
    begin_client(100);
    CUstream gated = new_stream(), open = new_stream();
    const CUdeviceptr device = device_memory(BYTES);
    char *block = same_site(BYTES);
    memset(block, 1, BYTES);
    for (int round = 0; round < ROUNDS; round++) {
        promote(block, BYTES);
        block_stream(gated, &gate);
        for (int i = 0; i < FLIGHTS; i++)
            OK(cu.cuMemcpyHtoDAsync_v2(device, block, COPY, gated));
        atomic_store(&gate.open, 1);
        OK(cu.cuStreamSynchronize(gated));
        for (volatile int wait = 0; wait < round * 10000; wait++) /* until the worker looks at the others, some time */
            ;
        OK(cu.cuMemcpyHtoDAsync_v2(device, block, COPY, open));
        OK(cu.cuStreamSynchronize(open));
        OK(cu.cuMemHostRegister_v2(block, BYTES, 0)); /* waits until nothing is in flight */
        OK(cu.cuMemHostUnregister(block));
    }
    SAME(sim->violations, 0);
    return 0;
}
