/* The driver, bound at run time, for bench programs: whatever libcuda.so.1 the loader finds. */
#ifndef AUTOPIN_BENCH_CUDA_H
#define AUTOPIN_BENCH_CUDA_H

#include <dlfcn.h>
#include <string.h>

#include "preload/cuda_min.h"
#include "tests/bench/bench.h"

/* clang-format off */
#define BENCH_CUDA(X)                                                                                                  \
    X(cuInit, (unsigned)) X(cuDeviceGet, (CUdevice *, int)) X(cuCtxCreate_v2, (CUcontext *, unsigned, CUdevice))       \
    X(cuMemAlloc_v2, (CUdeviceptr *, size_t)) X(cuMemHostAlloc, (void **, size_t, unsigned)) X(cuMemFreeHost, (void *)) \
    X(cuMemHostRegister_v2, (void *, size_t, unsigned)) X(cuMemHostUnregister, (void *))                               \
    X(cuMemcpyHtoD_v2, (CUdeviceptr, const void *, size_t)) X(cuMemcpyDtoH_v2, (void *, CUdeviceptr, size_t))          \
    X(cuMemcpyHtoDAsync_v2, (CUdeviceptr, const void *, size_t, CUstream))                                             \
    X(cuMemcpyDtoHAsync_v2, (void *, CUdeviceptr, size_t, CUstream))                                                   \
    X(cuStreamCreate, (CUstream *, unsigned)) X(cuStreamSynchronize, (CUstream)) X(cuMemFree_v2, (CUdeviceptr))        \
    X(cuEventCreate, (CUevent *, unsigned)) X(cuEventRecord, (CUevent, CUstream)) X(cuEventQuery, (CUevent))           \
    X(cuEventSynchronize, (CUevent)) X(cuCtxSetCurrent, (CUcontext)) X(cuMemGetInfo_v2, (size_t *, size_t *))
/* clang-format on */

struct bench_cuda {
#define BENCH_MEMBER(name, args) CUresult(*name) args;
    BENCH_CUDA(BENCH_MEMBER)
#undef BENCH_MEMBER
    CUcontext context;
    CUstream stream;
};

/* Binds the driver, makes a context and a stream; exits with 77 when there is no driver or device. */
static inline struct bench_cuda bench_cuda(void)
{
    struct bench_cuda cu = {0};
    CUdevice device;
    void *driver = dlopen("libcuda.so.1", RTLD_NOW), *symbol;
    if (!driver)
        exit(77);
#define BENCH_FIND(name, args)                                                                                         \
    bench_need((symbol = dlsym(driver, #name)) != NULL, #name);                                                        \
    memcpy((void *)&cu.name, (void *)&symbol, sizeof symbol);
    BENCH_CUDA(BENCH_FIND)
#undef BENCH_FIND
    if (cu.cuInit(0) != CUDA_SUCCESS || cu.cuDeviceGet(&device, 0) != CUDA_SUCCESS)
        exit(77);
    bench_need(cu.cuCtxCreate_v2(&cu.context, 0, device) == CUDA_SUCCESS, "cuCtxCreate");
    bench_need(cu.cuStreamCreate(&cu.stream, 0) == CUDA_SUCCESS, "cuStreamCreate");
    return cu;
}

/* The four ways of copying between host and device. */
enum bench_way {
    BENCH_H2D,
    BENCH_D2H,
    BENCH_H2D_ASYNC,
    BENCH_D2H_ASYNC,
    BENCH_WAYS
};
static const char *const bench_way_names[] = {"h2d", "d2h", "h2d_async", "d2h_async"};

/* Copies, and waits for the stream behind an asynchronous copy.  return_s: when the call returned; NULL: not asked. */
static inline double bench_copy_s(const struct bench_cuda *cu, int way, CUdeviceptr device, char *host, size_t bytes,
                                  double *return_s)
{
    const double start = bench_now_s();
    const CUresult result = way == BENCH_H2D         ? cu->cuMemcpyHtoD_v2(device, host, bytes)
                            : way == BENCH_D2H       ? cu->cuMemcpyDtoH_v2(host, device, bytes)
                            : way == BENCH_H2D_ASYNC ? cu->cuMemcpyHtoDAsync_v2(device, host, bytes, cu->stream)
                                                     : cu->cuMemcpyDtoHAsync_v2(host, device, bytes, cu->stream);
    if (return_s)
        *return_s = bench_now_s() - start;
    bench_need(result == CUDA_SUCCESS, bench_way_names[way]);
    if (way >= BENCH_H2D_ASYNC)
        bench_need(cu->cuStreamSynchronize(cu->stream) == CUDA_SUCCESS, "cuStreamSynchronize");
    return bench_now_s() - start;
}

#endif
