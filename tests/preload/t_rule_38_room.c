/* Rule 38: under a cap that has no room for both, slots of staged copies give way to a block that is worth pinning,
 * also while another thread's copies use them all the time; the cap holds, and every byte is right. */
#define _GNU_SOURCE
#include "sim_client_staged.h"

enum {
    BYTES = 8 * MIB /* as AUTOPIN_MAX_PINNED */
};
static CUcontext context;
static _Atomic int stop, rounds;

static void *copy_foreign(void *unused)
{
    OK(cu.cuCtxSetCurrent(context));
    const CUdeviceptr device = device_memory(BYTES);
    char *foreign = mapped(BYTES);
    while (!atomic_load(&stop)) {
        const int seed = rounds++ % 100;
        fill(foreign, BYTES, seed);
        OK(cu.cuMemcpyHtoD_v2(device, foreign, BYTES));
        DEVICE_HOLDS(device, BYTES, seed);
    }
    return unused;
}

int main(void)
{
    pthread_t other;
    context = begin_client(100);
    const CUdeviceptr device = device_memory(BYTES);
    SAME(pthread_create(&other, NULL, copy_foreign, NULL), 0);
    while (chunks() == 0)
        nap_ms(1);
    char *block = malloc(BYTES);
    fill(block, BYTES, 7);
    while (sim->copies[SIM_H2D][1][0] == 0) /* the test's alarm ends it where that never comes */
        OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
    DEVICE_HOLDS(device, BYTES, 7);
    const int before = rounds;
    while (rounds < before + 3) /* they go on without slots */
        nap_ms(1);
    atomic_store(&stop, 1);
    pthread_join(other, NULL);
    CHECK(sim->registered_bytes_peak <= BYTES);
    SAME(sim->violations, 0);
    return 0;
}
