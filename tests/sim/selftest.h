/* What the files of the simulated driver's self test share: the driver's functions, checks, blocked streams.
 *
 * Owns nothing.  Every case runs in a process of its own, with its own environment and state file. */
#ifndef SELFTEST_H
#define SELFTEST_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../preload/cuda_min.h"
#include "sim_state.h"

/* name, parameters: functions of the driver under test, found by dlsym */
#define FUNCTIONS(X)                                                                                                   \
    X(cuInit, (unsigned))                                                                                              \
    X(cuGetProcAddress, (const char *, void **, int, cuuint64_t))                                                      \
    X(cuGetProcAddress_v2, (const char *, void **, int, cuuint64_t, int *))                                            \
    X(cuGetExportTable, (const void **, const void *))                                                                 \
    X(cuDriverGetVersion, (int *))                                                                                     \
    X(cuDeviceGetCount, (int *))                                                                                       \
    X(cuDeviceGetAttribute, (int *, int, CUdevice))                                                                    \
    X(cuCtxCreate_v2, (CUcontext *, unsigned, CUdevice))                                                               \
    X(cuCtxDestroy_v2, (CUcontext))                                                                                    \
    X(cuCtxSetCurrent, (CUcontext))                                                                                    \
    X(cuCtxGetCurrent, (CUcontext *))                                                                                  \
    X(cuCtxPushCurrent_v2, (CUcontext))                                                                                \
    X(cuCtxPopCurrent_v2, (CUcontext *))                                                                               \
    X(cuCtxSynchronize, (void))                                                                                        \
    X(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice))                                                               \
    X(cuDevicePrimaryCtxRelease, (CUdevice))                                                                           \
    X(cuDevicePrimaryCtxReset, (CUdevice))                                                                             \
    X(cuDevicePrimaryCtxGetState, (CUdevice, unsigned *, int *))                                                       \
    X(cuMemAlloc_v2, (CUdeviceptr *, size_t))                                                                          \
    X(cuMemAllocPitch_v2, (CUdeviceptr *, size_t *, size_t, size_t, unsigned))                                         \
    X(cuMemFree_v2, (CUdeviceptr))                                                                                     \
    X(cuMemGetInfo_v2, (size_t *, size_t *))                                                                           \
    X(cuMemGetAddressRange_v2, (CUdeviceptr *, size_t *, CUdeviceptr))                                                 \
    X(cuMemHostAlloc, (void **, size_t, unsigned))                                                                     \
    X(cuMemFreeHost, (void *))                                                                                         \
    X(cuMemHostRegister_v2, (void *, size_t, unsigned))                                                                \
    X(cuMemHostUnregister, (void *))                                                                                   \
    X(cuMemHostGetFlags, (unsigned *, void *))                                                                         \
    X(cuMemHostGetDevicePointer_v2, (CUdeviceptr *, void *, unsigned))                                                 \
    X(cuPointerGetAttribute, (void *, int, CUdeviceptr))                                                               \
    X(cuPointerGetAttributes, (unsigned, int *, void **, CUdeviceptr))                                                 \
    X(cuMemcpy, (CUdeviceptr, CUdeviceptr, size_t))                                                                    \
    X(cuMemcpyHtoD_v2, (CUdeviceptr, const void *, size_t))                                                            \
    X(cuMemcpyDtoH_v2, (void *, CUdeviceptr, size_t))                                                                  \
    X(cuMemcpyHtoDAsync_v2, (CUdeviceptr, const void *, size_t, CUstream))                                             \
    X(cuMemcpyHtoDAsync_v2_ptsz, (CUdeviceptr, const void *, size_t, CUstream))                                        \
    X(cuMemcpyDtoHAsync_v2, (void *, CUdeviceptr, size_t, CUstream))                                                   \
    X(cuMemcpyDtoDAsync_v2, (CUdeviceptr, CUdeviceptr, size_t, CUstream))                                              \
    X(cuMemcpyAtoH_v2, (void *, CUarray, size_t, size_t))                                                              \
    X(cuMemcpyHtoA_v2, (CUarray, size_t, const void *, size_t))                                                        \
    X(cuArrayCreate_v2, (CUarray *, const void *))                                                                     \
    X(cuArrayDestroy, (CUarray))                                                                                       \
    X(cuMemcpy2D_v2, (const struct cu_memcpy2d *))                                                                     \
    X(cuMemcpy3D_v2, (const struct cu_memcpy3d *))                                                                     \
    X(cuMemcpy2DAsync_v2, (const struct cu_memcpy2d *, CUstream))                                                      \
    X(cuMemsetD8_v2, (CUdeviceptr, unsigned char, size_t))                                                             \
    X(cuMemsetD32Async, (CUdeviceptr, unsigned, size_t, CUstream))                                                     \
    X(cuStreamCreate, (CUstream *, unsigned))                                                                          \
    X(cuStreamDestroy_v2, (CUstream))                                                                                  \
    X(cuStreamSynchronize, (CUstream))                                                                                 \
    X(cuStreamQuery, (CUstream))                                                                                       \
    X(cuStreamGetId_ptsz, (CUstream, unsigned long long *))                                                            \
    X(cuStreamWaitEvent, (CUstream, CUevent, unsigned))                                                                \
    X(cuLaunchHostFunc, (CUstream, void (*)(void *), void *))                                                          \
    X(cuLaunchHostFunc_ptsz, (CUstream, void (*)(void *), void *))                                                     \
    X(cuEventCreate, (CUevent *, unsigned))                                                                            \
    X(cuEventRecord, (CUevent, CUstream))                                                                              \
    X(cuEventQuery, (CUevent))                                                                                         \
    X(cuEventSynchronize, (CUevent))                                                                                   \
    X(cuEventElapsedTime, (float *, CUevent, CUevent))                                                                 \
    X(cuEventDestroy_v2, (CUevent))                                                                                    \
    X(cuStreamBeginCapture_v2, (CUstream, int))                                                                        \
    X(cuStreamEndCapture, (CUstream, CUgraph *))                                                                       \
    X(cuStreamIsCapturing, (CUstream, int *))                                                                          \
    X(cuThreadExchangeStreamCaptureMode, (int *))                                                                      \
    X(cuGraphCreate, (CUgraph *, unsigned))                                                                            \
    X(cuGraphDestroy, (CUgraph))                                                                                       \
    X(cuGraphAddMemcpyNode,                                                                                            \
      (CUgraphNode *, CUgraph, const CUgraphNode *, size_t, const struct cu_memcpy3d *, CUcontext))                    \
    X(cuGraphAddNode, (CUgraphNode *, CUgraph, const CUgraphNode *, size_t, struct cu_graph_node_params *))            \
    X(cuGraphExecMemcpyNodeSetParams, (CUgraphExec, CUgraphNode, const struct cu_memcpy3d *, CUcontext))               \
    X(cuGraphGetNodes, (CUgraph, CUgraphNode *, size_t *))                                                             \
    X(cuGraphInstantiateWithFlags, (CUgraphExec *, CUgraph, unsigned long long))                                       \
    X(cuGraphLaunch, (CUgraphExec, CUstream))                                                                          \
    X(cuGraphExecDestroy, (CUgraphExec))                                                                               \
    X(cuLaunchKernel, (void))                                                                                          \
    X(cuGetErrorName, (CUresult, const char **))

struct driver {
#define X(name, params) CUresult(*name) params;
    FUNCTIONS(X)
#undef X
};
extern struct driver cu;
extern struct sim_state *state; /* the state file of this case */
extern void *driver_handle;
extern const char *program_path, *driver_path, *data_folder;

void check_failed(const char *file, int line, const char *what, long long got, long long want);
#define CHECK(x) ((x) ? (void)0 : check_failed(__FILE__, __LINE__, #x, 0, 1))
#define SAME(x, want)                                                                                                  \
    do {                                                                                                               \
        long long got_ = (long long)(x), want_ = (long long)(want);                                                    \
        if (got_ != want_)                                                                                             \
            check_failed(__FILE__, __LINE__, #x, got_, want_);                                                         \
    } while (0)
#define OK(call) SAME(call, CUDA_SUCCESS)

enum {
    KIB = 1024,
    MIB = 1024 * 1024
};
CUcontext begin(void); /* cuInit and a current context */
unsigned char *pages(size_t bytes, int fill);
CUdeviceptr device(size_t bytes);
CUstream stream(unsigned flags);
bool filled(const void *p, size_t bytes, int with);
uint64_t now_ns(void);
void nap_ms(int ms);

/* A host function that keeps a stream busy until opened. */
struct gate {
    atomic_bool open, entered;
};
void block_stream(CUstream s, struct gate *g);
void open_gate(struct gate *g);

/* A function run in another thread; `done` says whether it has returned. */
struct task {
    pthread_t thread;
    void (*function)(struct task *);
    CUcontext ctx;
    void *p;
    CUdeviceptr d;
    size_t bytes;
    CUstream s;
    CUresult rc;
    atomic_bool done;
};
void start(struct task *t, void (*function)(struct task *));
void join(struct task *t);
bool finishes(struct task *t, int within_ms);

struct test_case {
    const char *name;
    void (*run)(void);
    const char *env[5]; /* NAME=VALUE ... */
    int status;         /* expected exit status */
};
extern const struct test_case memory_cases[], stream_cases[], capture_cases[], safety_cases[], config_cases[];

#endif
