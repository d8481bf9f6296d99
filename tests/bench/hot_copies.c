/* Copies large buffers to the device and back, again and again, through the driver interface, as a program would that
 * knows nothing of autopin.  The driver is whatever libcuda.so.1 the loader finds.
 *
 * usage: hot_copies malloc|churn|pinned MIB ITERATIONS [WARM-UP]
 *   malloc  two buffers from malloc, used throughout        churn  new ones from malloc for every pair of copies
 *   pinned  two buffers from cuMemHostAlloc: what the program's author could have written
 * output: one line per way of copying, "WAY GB_PER_S"; exit 77 without a driver or device. */
#include "tests/bench/bench_cuda.h"

static struct bench_cuda cu;
static CUdeviceptr device;

static char *get(int pinned, size_t bytes)
{
    void *memory = NULL;
    if (pinned)
        bench_need(cu.cuMemHostAlloc(&memory, bytes, 0) == CUDA_SUCCESS, "cuMemHostAlloc");
    else
        bench_need((memory = malloc(bytes)) != NULL, "malloc");
    bench_touch(memory, bytes);
    return memory;
}

static void put(int pinned, char *memory)
{
    if (pinned)
        cu.cuMemFreeHost(memory);
    else
        free(memory);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "malloc";
    size_t bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 64) << 20;
    size_t iterations = argc > 3 ? strtoul(argv[3], NULL, 10) : 50;
    size_t warm_up = argc > 4 ? strtoul(argv[4], NULL, 10) : 20;
    int pinned = strcmp(mode, "pinned") == 0, churn = strcmp(mode, "churn") == 0;
    double *taken[BENCH_WAYS];
    char *in, *out;

    cu = bench_cuda();
    bench_need(cu.cuMemAlloc_v2(&device, bytes) == CUDA_SUCCESS, "cuMemAlloc");
    for (int way = 0; way < BENCH_WAYS; way++)
        taken[way] = calloc(iterations, sizeof **taken);
    in = get(pinned, bytes), out = get(pinned, bytes);
    for (size_t i = 0; i < warm_up + iterations; i++) {
        for (int way = 0; way < BENCH_WAYS; way++) {
            double taken_s =
                bench_copy_s(&cu, way, device, way == BENCH_H2D || way == BENCH_H2D_ASYNC ? in : out, bytes, NULL);
            if (i >= warm_up)
                taken[way][i - warm_up] = taken_s;
        }
        if (churn) {
            put(pinned, in), put(pinned, out);
            in = get(pinned, bytes), out = get(pinned, bytes);
        }
    }
    for (int way = 0; way < BENCH_WAYS; way++) {
        printf("%s %.2f\n", bench_way_names[way], (double)bytes / bench_median(taken[way], iterations) * 1e-9);
        free(taken[way]);
    }
    put(pinned, in), put(pinned, out);
    return 0;
}
