/* Bandwidth over sizes, both directions, synchronous and asynchronous, through the driver interface.
 *
 * usage: sweep MODE LABEL LIMIT_S LEAST_BYTES MOST_BYTES      sizes are LEAST, 4 * LEAST, ... MOST
 *   malloc      a block from malloc, the same for all copies of a size: pageable, or pinned by autopin ("hot")
 *   walk        ranges of a mapping of the program's own, one after the other: never pinned ("cold" under autopin)
 *   pinned      memory from cuMemHostAlloc          registered  a mapping, registered by hand
 * output: "sweep LABEL WAY BYTES GB_PER_S RETURN_US COPIES": medians; RETURN_US is when the call returned.  Exit 77
 * without a driver or device. */
#define _GNU_SOURCE
#include "tests/gpu/gpu.h"

enum {
    LEAST_COPIES = 7,
    MOST_COPIES = 400,
    WARM_UP = 6
};
#define ENOUGH_S   0.04 /* of copies, once there are LEAST_COPIES of them */
#define TOO_LONG_S 1.0

static struct bench_cuda cu;
static CUdeviceptr device;

/* Where the next copy's host side is. */
static struct {
    char mode;
    char *memory;
    size_t bytes, at;
} host;

static void get(const char *mode, size_t bytes)
{
    void *memory = NULL;
    host.mode = mode[0];
    host.bytes = bytes;
    host.at = 0;
    if (host.mode == 'm') {
        bench_need((memory = malloc(bytes)) != NULL, "malloc");
    } else if (host.mode == 'p') {
        bench_need(cu.cuMemHostAlloc(&memory, bytes, 0) == CUDA_SUCCESS, "cuMemHostAlloc");
    } else {
        memory = gpu_map(bytes, 0);
    }
    host.memory = memory;
    bench_touch(host.memory, bytes);
    if (host.mode == 'r')
        bench_need(cu.cuMemHostRegister_v2(memory, bytes, CU_MEMHOSTREGISTER_PORTABLE) == CUDA_SUCCESS,
                   "cuMemHostRegister");
}

static void put(void)
{
    if (host.mode == 'r')
        cu.cuMemHostUnregister(host.memory);
    if (host.mode == 'm')
        free(host.memory);
    else if (host.mode == 'p')
        cu.cuMemFreeHost(host.memory);
    else
        gpu_unmap(host.memory, host.bytes);
}

static char *next(size_t bytes)
{
    if (host.mode != 'w')
        return host.memory;
    if (host.at + bytes > host.bytes)
        host.at = 0;
    char *memory = host.memory + host.at;
    host.at += bytes;
    return memory;
}

static void warm_up(size_t bytes)
{
    const double end = bench_now_s() + TOO_LONG_S;
    for (int i = 0; i < WARM_UP && (i < 2 || bench_now_s() < end); i++)
        for (int way = 0; way < BENCH_WAYS; way++)
            bench_copy_s(&cu, way, device, next(bytes), bytes, NULL);
}

static void measure(const char *label, int way, size_t bytes)
{
    static double taken[MOST_COPIES], returned[MOST_COPIES];
    double total = 0;
    size_t n = 0;
    while (n < MOST_COPIES && (n < LEAST_COPIES || total < ENOUGH_S) && (n < 3 || total < TOO_LONG_S)) {
        taken[n] = bench_copy_s(&cu, way, device, next(bytes), bytes, &returned[n]);
        total += taken[n++];
    }
    const double gbps = (double)bytes / bench_median(taken, n) * 1e-9;
    printf("sweep %s %s %zu %.3f %.1f %zu\n", label, bench_way_names[way], bytes, gbps, bench_median(returned, n) * 1e6,
           n);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "malloc", *label = argc > 2 ? argv[2] : mode;
    const size_t least = argc > 4 ? strtoul(argv[4], NULL, 10) : 4 * KIB;
    const size_t wanted = argc > 5 ? strtoul(argv[5], NULL, 10) : 256 * MIB;
    size_t most = wanted, device_free = 0, unused;
    gpu_limit(argc > 3 ? argv[3] : NULL);
    cu = bench_cuda();
    cu.cuMemGetInfo_v2(&device_free, &unused);
    while (most > least && (most > device_free / 2 || most > gpu_host_free() / 3))
        most /= 4;
    if (most < wanted)
        printf("# sweep %s: nothing above %zu MiB: there is no memory for it\n", label, most / MIB);
    bench_need(cu.cuMemAlloc_v2(&device, most) == CUDA_SUCCESS, "cuMemAlloc");
    for (size_t bytes = least; bytes <= most; bytes *= 4) {
        if (gpu_late()) {
            printf("# sweep %s: no time left for %zu bytes and more\n", label, bytes);
            break;
        }
        if (mode[0] != 'w')
            get(mode, bytes);
        else if (bytes == least)
            get(mode, most > 512 * MIB ? most : 512 * MIB);
        warm_up(bytes);
        for (int way = 0; way < BENCH_WAYS; way++)
            measure(label, way, bytes);
        if (mode[0] != 'w')
            put();
    }
    return 0;
}
