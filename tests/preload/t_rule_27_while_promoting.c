/* Rule 27 while promotions are queued and under way: contexts end in the middle of it, again and again. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 512 * KIB,
    ROUNDS = 60,
    BLOCKS = 6
};

int main(void)
{
    alarm(100);
    bind_driver();
    OK(cu.cuInit(0));
    char *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(BYTES);
    for (int round = 0; round < ROUNDS; round++) {
        CUcontext context = new_context();
        const CUdeviceptr device = device_memory(BYTES);
        for (int i = 0; i < BLOCKS; i++) {
            fill(blocks[i], BYTES, round + i);
            OK(cu.cuMemcpyHtoD_v2(device, blocks[i], BYTES));
            DEVICE_HOLDS(device, BYTES, round + i);
        }
        nap_ms(round % 4);
        OK(cu.cuCtxDestroy_v2(context));
        SAME(sim->registered_regions, 0);
    }
    CHECK(sim->register_calls > 0);
    SAME(sim->leaked_registrations, 0);
    return 0;
}
