/* Rule 20: memory whose unregistering failed is kept for ever: still mapped, given to nobody, counted against the cap;
 * and copies of it go on. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    BLOCKS = 4
};

int main(void)
{
    char *blocks[BLOCKS], *still_used;
    begin_client(100);
    const CUdeviceptr device = device_memory(BYTES);
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = promoted_block(BYTES, i);
    still_used = promoted_block(BYTES, 50);
    SAME(sim->registered_regions, BLOCKS + 1);
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    while (sim->faults_injected < BLOCKS + 1)
        nap_ms(20); /* idle release tries, and fails */
    SAME(sim->faults_injected, BLOCKS + 1);
    SAME(sim->registered_regions, BLOCKS + 1);
    for (int i = 0; i < 20; i++) {
        char *other = malloc(BYTES);
        for (int k = 0; k < BLOCKS; k++)
            CHECK(other != blocks[k]);
        memset(other, 1, BYTES);
        for (int k = 0; k < 3; k++)
            OK(cu.cuMemcpyHtoD_v2(device, other, BYTES));
    }
    for (int i = 0; i < BLOCKS; i++)
        HOLDS(blocks[i], BYTES, i); /* freed, yet still there: nobody else may have it */
    HOLDS(still_used, BYTES, 50);
    fill(still_used, BYTES, 51);
    OK(cu.cuMemcpyHtoD_v2(device, still_used, BYTES));
    DEVICE_HOLDS(device, BYTES, 51);
    still_used = realloc(still_used, 2 * BYTES);
    HOLDS(still_used, BYTES, 51);
    free(still_used);
    CHECK(sim->registered_bytes_peak <= 8 * MIB);
    return 0;
}
