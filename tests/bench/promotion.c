/* How long copies take while a block is being pinned in the background.
 *
 * Copies a part of one block, over and over, and copies of a large second block, which is then pinned.  The driver is
 * whatever libcuda.so.1 the loader finds; whether a pin is going on is read from the driver's own counters, when it is
 * the simulated one, or taken from the time since the second block's copy.
 *
 * usage: promotion MIB COPIES
 * output: "before MEDIAN_US LONGEST_US" and "during MEDIAN_US LONGEST_US"; exit 77 without a driver or device. */
#define _GNU_SOURCE
#include "tests/bench/bench_cuda.h"

enum {
    PART = 4 << 20
};
static struct bench_cuda cu;
static CUdeviceptr device;

static double copy_us(const char *host, size_t bytes)
{
    const double start = bench_now_s();
    bench_need(cu.cuMemcpyHtoD_v2(device, host, bytes) == CUDA_SUCCESS, "to the device");
    return (bench_now_s() - start) * 1e6;
}

static void say(const char *when, double *taken, size_t count)
{
    const double median = bench_median(taken, count); /* sorts */
    printf("%s %.1f %.1f %.1f\n", when, median, taken[count * 99 / 100], taken[count - 1]);
}

int main(int argc, char **argv)
{
    const size_t bytes = (argc > 1 ? strtoul(argv[1], NULL, 10) : 1024) << 20;
    const size_t copies = argc > 2 ? strtoul(argv[2], NULL, 10) : 200;
    double *before = calloc(copies, sizeof *before), *during = calloc(copies, sizeof *during);
    cu = bench_cuda();
    bench_need(cu.cuMemAlloc_v2(&device, bytes) == CUDA_SUCCESS, "cuMemAlloc");
    char *small = malloc(PART), *large = malloc(bytes);
    bench_touch(small, PART);
    bench_touch(large, bytes);
    for (size_t i = 0; i < copies; i++)
        copy_us(small, PART);
    for (size_t i = 0; i < copies; i++)
        before[i] = copy_us(small, PART);
    copy_us(large, bytes); /* with promote = always in its site, the worker begins to pin it now */
    for (size_t i = 0; i < copies; i++)
        during[i] = copy_us(small, PART);
    say("before", before, copies);
    say("during", during, copies);
    return 0;
}
