/* Takes a buffer, fills it, copies it to the device and back and gives it up, again and again, in several sizes.
 *
 * usage: pool_copies malloc|pool sync|async ROUNDS WARM-UP
 *   malloc  malloc and free           pool  a pool of pinned buffers, as its author would write it: a free list per
 * size output: one line per size, "MIB GB_PER_S", the median; exit 77 without a driver or device. */
#define _GNU_SOURCE
#include "tests/bench/bench_cuda.h"

enum {
    SIZES = 4,
    AT_ONCE = 3 /* buffers of a size in use at a time */
};
static const size_t sizes_mib[SIZES] = {2, 8, 24, 64};
static struct bench_cuda cu;
static CUdeviceptr device;
static void *pool[SIZES][AT_ONCE];
static int pooled[SIZES], async;

static char *get(int own, int size)
{
    void *memory = NULL;
    if (own && pooled[size])
        return pool[size][--pooled[size]];
    if (own)
        bench_need(cu.cuMemHostAlloc(&memory, sizes_mib[size] << 20, 0) == CUDA_SUCCESS, "cuMemHostAlloc");
    else
        bench_need((memory = malloc(sizes_mib[size] << 20)) != NULL, "malloc");
    return memory;
}

static void put(int own, int size, char *memory)
{
    if (own)
        pool[size][pooled[size]++] = memory;
    else
        free(memory);
}

static void there_and_back(char *host, size_t bytes)
{
    if (!async) {
        bench_need(cu.cuMemcpyHtoD_v2(device, host, bytes) == CUDA_SUCCESS, "to the device");
        bench_need(cu.cuMemcpyDtoH_v2(host, device, bytes) == CUDA_SUCCESS, "back");
        return;
    }
    bench_need(cu.cuMemcpyHtoDAsync_v2(device, host, bytes, cu.stream) == CUDA_SUCCESS, "to the device");
    bench_need(cu.cuMemcpyDtoHAsync_v2(host, device, bytes, cu.stream) == CUDA_SUCCESS, "back");
    bench_need(cu.cuStreamSynchronize(cu.stream) == CUDA_SUCCESS, "cuStreamSynchronize");
}

/* Fills are not timed: they are the program's own work, the same in both. */
static double round_s(int own, int size)
{
    const size_t bytes = sizes_mib[size] << 20;
    char *memory[AT_ONCE];
    double taken = 0;
    for (int i = 0; i < AT_ONCE; i++) {
        double start = bench_now_s();
        memory[i] = get(own, size);
        taken += bench_now_s() - start;
        bench_touch(memory[i], bytes);
        start = bench_now_s();
        there_and_back(memory[i], bytes);
        taken += bench_now_s() - start;
    }
    const double start = bench_now_s();
    for (int i = 0; i < AT_ONCE; i++)
        put(own, size, memory[i]);
    return taken + bench_now_s() - start;
}

int main(int argc, char **argv)
{
    const int own = argc > 1 && strcmp(argv[1], "pool") == 0;
    const size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 20;
    const size_t warm_up = argc > 4 ? strtoul(argv[4], NULL, 10) : 20;
    double *taken[SIZES];
    async = argc > 2 && strcmp(argv[2], "async") == 0;
    cu = bench_cuda();
    bench_need(cu.cuMemAlloc_v2(&device, sizes_mib[SIZES - 1] << 20) == CUDA_SUCCESS, "cuMemAlloc");
    for (int size = 0; size < SIZES; size++)
        taken[size] = calloc(rounds, sizeof **taken);
    for (size_t i = 0; i < warm_up + rounds; i++)
        for (int size = 0; size < SIZES; size++) {
            const double s = round_s(own, size);
            if (i >= warm_up)
                taken[size][i - warm_up] = s;
        }
    for (int size = 0; size < SIZES; size++) {
        printf("%zu %.2f\n", sizes_mib[size],
               (double)(sizes_mib[size] << 20) * 2 * AT_ONCE / bench_median(taken[size], rounds) * 1e-9);
        free(taken[size]);
    }
    return 0;
}
