/* Rule 32: sixteen threads that copy blocks of 1 to 8 MiB never have more pinned than the cap, in bytes or in regions,
 * as the driver counts; blocks are evicted for others, and every byte is right. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    THREADS = 16,
    ROUNDS = 6
};
static CUcontext context;

static void *copier(void *arg)
{
    const int me = (int)(intptr_t)arg;
    OK(cu.cuCtxSetCurrent(context));
    const CUdeviceptr device = device_memory(8 * MIB);
    CUstream stream = new_stream();
    for (int round = 0; round < ROUNDS; round++) {
        const size_t bytes = (size_t)(1 + (me * 7 + round * 3) % 8) * MIB - (size_t)(me % 3) * 1000;
        char *block = malloc(bytes);
        fill(block, bytes, me + round);
        for (int i = 0; i < 2 + round % 4; i++)
            OK(i % 2 ? cu.cuMemcpyHtoD_v2(device, block, bytes)
                     : cu.cuMemcpyHtoDAsync_v2(device, block, bytes, stream));
        memset(block, 0, bytes);
        OK(cu.cuStreamSynchronize(stream));
        OK(cu.cuMemcpyDtoHAsync_v2(block, device, bytes, stream));
        HOLDS(block, bytes, me + round);
        free(block);
    }
    return NULL;
}

/* While nobody else loads the link: the cap is filled, and a hotter block takes the place of a colder one. */
static void fill_and_evict(void)
{
    const CUdeviceptr device = device_memory(4 * MIB);
    for (int i = 0; i < 10; i++) {
        char *cold = malloc(4 * MIB);
        for (int copy = 0; copy < 2; copy++)
            OK(cu.cuMemcpyHtoD_v2(device, cold, 4 * MIB));
    }
    nap_ms(50);
    promote(malloc(4 * MIB), 4 * MIB);
    CHECK(sim->unregister_calls > 0);
    OK(cu.cuMemFree_v2(device));
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    const uint64_t most_regions = argc > 1 ? (uint64_t)atoi(argv[1]) : UINT64_MAX;
    context = begin_client(100);
    fill_and_evict();
    for (int i = 0; i < THREADS; i++)
        SAME(pthread_create(&threads[i], NULL, copier, (void *)(intptr_t)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    fprintf(stderr, "peak %llu KiB in %llu regions, %llu registrations, %llu ended\n",
            (unsigned long long)sim->registered_bytes_peak >> 10, (unsigned long long)sim->regions_peak,
            (unsigned long long)sim->register_calls, (unsigned long long)sim->unregister_calls);
    CHECK(sim->registered_bytes_peak <= 32 * MIB);
    CHECK(sim->regions_peak <= most_regions);
    CHECK(sim->register_calls > 4 && sim->unregister_calls > 0);
    SAME(sim->straddles, 0);
    return 0;
}
