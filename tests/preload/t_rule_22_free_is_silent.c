/* Rule 22: freeing a pinned block calls the driver not once and waits for no GPU; the block serves the next allocation,
 * still pinned. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    BLOCKS = 20
};

int main(void)
{
    char *blocks[BLOCKS], *again[BLOCKS];
    struct gate gate = {0};
    int recycled = 0;
    begin_client(100);
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(BYTES);
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = same_site(BYTES);
        fill(blocks[i], BYTES, i);
        promote(blocks[i], BYTES);
    }
    block_stream(stream, &gate);
    OK(cu.cuMemcpyHtoDAsync_v2(device, blocks[0], 20000, stream));
    const uint64_t calls = sim->calls_total;
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    for (int i = 0; i < BLOCKS; i++)
        again[i] = same_site(BYTES);
    SAME(atomic_load(&gate.open), 0); /* who waits for the GPU waits for ever: the alarm ends the test */
    SAME(sim->calls_total, calls);
    SAME(sim->registered_regions, BLOCKS);
    atomic_store(&gate.open, 1);
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, 20000, 0);
    for (int i = 0; i < BLOCKS; i++)
        for (int k = 0; k < BLOCKS; k++)
            recycled += again[i] == blocks[k];
    SAME(recycled, BLOCKS);
    const uint64_t direct = sim->copies[SIM_H2D][1][0];
    for (int i = 0; i < BLOCKS; i++) {
        fill(again[i], BYTES, 100 + i);
        OK(cu.cuMemcpyHtoD_v2(device, again[i], BYTES));
        DEVICE_HOLDS(device, BYTES, 100 + i);
    }
    SAME(sim->copies[SIM_H2D][1][0], direct + BLOCKS);
    char *zeroed = calloc(1, BYTES);
    for (int i = 0; i < BYTES; i++)
        SAME(zeroed[i], 0);
    for (int i = 0; i < BLOCKS; i++)
        free(again[i]);
    for (int i = 0; i < BLOCKS; i++) { /* recycled memory is not zero; calloc's is */
        zeroed = calloc(BYTES / 16, 16);
        CHECK(first_wrong(zeroed, 8, 0) == 8 && zeroed[BYTES - 1] == 0 && zeroed[BYTES / 2] == 0);
    }
    return 0;
}
