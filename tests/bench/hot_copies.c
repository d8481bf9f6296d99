/* Copies large buffers to the device and back, again and again, through the driver interface, as a program would that
 * knows nothing of autopin.  The driver is whatever libcuda.so.1 the loader finds.
 *
 * usage: hot_copies malloc|churn|pinned MIB ITERATIONS [WARM-UP]
 *   malloc  two buffers from malloc, used throughout        churn  new ones from malloc for every pair of copies
 *   pinned  two buffers from cuMemHostAlloc: what the program's author could have written
 * output: one line per way of copying, "WAY GB_PER_S"; exit 77 without a driver or device. */
#include "preload/cuda_min.h"
#include "tests/bench/bench.h"

#include <dlfcn.h>
#include <string.h>

static CUresult (*init)(unsigned), (*device_get)(CUdevice *, int), (*ctx_create)(CUcontext *, unsigned, CUdevice);
static CUresult (*mem_alloc)(CUdeviceptr *, size_t), (*host_alloc)(void **, size_t, unsigned), (*host_free)(void *);
static CUresult (*h2d)(CUdeviceptr, const void *, size_t), (*d2h)(void *, CUdeviceptr, size_t);
static CUresult (*h2d_async)(CUdeviceptr, const void *, size_t, CUstream);
static CUresult (*d2h_async)(void *, CUdeviceptr, size_t, CUstream);
static CUresult (*stream_create)(CUstream *, unsigned), (*stream_sync)(CUstream);

static CUstream stream;
static CUdeviceptr device;

static void find(void *driver, const char *name, void *where)
{
    void *symbol = dlsym(driver, name);
    bench_need(symbol != NULL, name);
    memcpy(where, &symbol, sizeof symbol);
}

static void bind_driver(void)
{
    void *driver = dlopen("libcuda.so.1", RTLD_NOW);
    CUdevice first;
    CUcontext context;
    if (!driver)
        exit(77);
    find(driver, "cuInit", &init);
    find(driver, "cuDeviceGet", &device_get);
    find(driver, "cuCtxCreate_v2", &ctx_create);
    find(driver, "cuMemAlloc_v2", &mem_alloc);
    find(driver, "cuMemHostAlloc", &host_alloc);
    find(driver, "cuMemFreeHost", &host_free);
    find(driver, "cuMemcpyHtoD_v2", &h2d);
    find(driver, "cuMemcpyDtoH_v2", &d2h);
    find(driver, "cuMemcpyHtoDAsync_v2", &h2d_async);
    find(driver, "cuMemcpyDtoHAsync_v2", &d2h_async);
    find(driver, "cuStreamCreate", &stream_create);
    find(driver, "cuStreamSynchronize", &stream_sync);
    if (init(0) != CUDA_SUCCESS || device_get(&first, 0) != CUDA_SUCCESS)
        exit(77);
    bench_need(ctx_create(&context, 0, first) == CUDA_SUCCESS, "cuCtxCreate");
    bench_need(stream_create(&stream, 0) == CUDA_SUCCESS, "cuStreamCreate");
}

enum {
    H2D,
    D2H,
    H2D_ASYNC,
    D2H_ASYNC,
    WAYS
};
static const char *const way_names[] = {"h2d", "d2h", "h2d_async", "d2h_async"};

static double copy_s(int way, char *host, size_t bytes)
{
    double start = bench_now_s();
    CUresult result = way == H2D         ? h2d(device, host, bytes)
                      : way == D2H       ? d2h(host, device, bytes)
                      : way == H2D_ASYNC ? h2d_async(device, host, bytes, stream)
                                         : d2h_async(host, device, bytes, stream);
    bench_need(result == CUDA_SUCCESS, way_names[way]);
    if (way >= H2D_ASYNC)
        bench_need(stream_sync(stream) == CUDA_SUCCESS, "cuStreamSynchronize");
    return bench_now_s() - start;
}

static char *get(int pinned, size_t bytes)
{
    void *memory = NULL;
    if (pinned)
        bench_need(host_alloc(&memory, bytes, 0) == CUDA_SUCCESS, "cuMemHostAlloc");
    else
        bench_need((memory = malloc(bytes)) != NULL, "malloc");
    bench_touch(memory, bytes);
    return memory;
}

static void put(int pinned, char *memory)
{
    if (pinned)
        host_free(memory);
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
    double *taken[WAYS];
    char *in, *out;

    bind_driver();
    bench_need(mem_alloc(&device, bytes) == CUDA_SUCCESS, "cuMemAlloc");
    for (int way = 0; way < WAYS; way++)
        taken[way] = calloc(iterations, sizeof **taken);
    in = get(pinned, bytes), out = get(pinned, bytes);
    for (size_t i = 0; i < warm_up + iterations; i++) {
        for (int way = 0; way < WAYS; way++) {
            double taken_s = copy_s(way, way == H2D || way == H2D_ASYNC ? in : out, bytes);
            if (i >= warm_up)
                taken[way][i - warm_up] = taken_s;
        }
        if (churn) {
            put(pinned, in), put(pinned, out);
            in = get(pinned, bytes), out = get(pinned, bytes);
        }
    }
    for (int way = 0; way < WAYS; way++) {
        printf("%s %.2f\n", way_names[way], (double)bytes / bench_median(taken[way], iterations) * 1e-9);
        free(taken[way]);
    }
    put(pinned, in), put(pinned, out);
    return 0;
}
