/* Rule 27: contexts that are copied in and end at once, in two threads at the same time, while blocks, own and shared,
 * are being pinned in them in the background: nothing of autopin's is left in any of them. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 256 * KIB,
    ROUNDS = 300,
    THREADS = 2
};
static char *shared; /* read only, once it is filled */

static void one_context(char *kept, uint64_t seed)
{
    CUcontext context = new_context();
    const CUdeviceptr device = device_memory(BYTES);
    char *block = malloc(BYTES + seed % 5 * 64 * KIB);
    fill(block, BYTES, seed);
    fill(kept, BYTES, seed + 1);
    OK(cu.cuMemcpyHtoD_v2(device, shared, BYTES));
    OK(cu.cuMemcpyHtoD_v2(device, kept, BYTES));
    DEVICE_HOLDS(device, BYTES, seed + 1);
    OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
    DEVICE_HOLDS(device, BYTES, seed);
    if (seed % 2)
        free(block);
    if (seed % 4 == 0)
        nap_ms((long)(seed % 3));
    while (seed % 20 == 0 &&
           sim->registered_regions + sim->leaked_registrations == 0) /* now and then something is pinned for sure */
        OK(cu.cuMemcpyHtoD_v2(device, kept, BYTES));
    OK(cu.cuCtxDestroy_v2(context));
    if (seed % 2 == 0) {
        HOLDS(block, BYTES, seed);
        free(block);
    }
    HOLDS(kept, BYTES, seed + 1);
}

static void *many_contexts(void *arg)
{
    const uint64_t first = (uint64_t)(uintptr_t)arg;
    char *kept = malloc(BYTES);
    for (uint64_t round = 0; round < ROUNDS; round++)
        one_context(kept, first + round);
    free(kept);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    alarm(100);
    bind_driver();
    OK(cu.cuInit(0));
    fill(shared = malloc(BYTES), BYTES, 1);
    for (uintptr_t i = 0; i < THREADS; i++)
        SAME(pthread_create(&threads[i], NULL, many_contexts, (void *)(i * 100000)), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    HOLDS(shared, BYTES, 1);
    SAME(sim->leaked_registrations, 0);
    SAME(sim->registered_regions, 0);
    SAME(sim->violations, 0);
    CHECK(sim->register_calls > 10);
    return 0;
}
