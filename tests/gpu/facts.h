/* What the parts of the facts program share: the driver's functions, and how a fact is printed.
 *
 * The program asks a real driver what autopin has to assume about it, one "fact: value" line each.  It links against
 * nothing of CUDA.  facts.c owns the driver pointers; they are set once, before any thread starts. */
#ifndef AUTOPIN_GPU_FACTS_H
#define AUTOPIN_GPU_FACTS_H

#include "preload/cuda_min.h"
#include "tests/bench/bench.h"

#include <stdatomic.h>
#include <string.h>

enum {
    KIB = 1 << 10,
    MIB = 1 << 20
};

typedef void (*host_function)(void *);

/* CUmemAllocationProp and CUmemAccessDesc (10.2). */
struct vmm_kind {
    int type, handle_types; /* 1: pinned; 0: none */
    struct cu_mem_location location;
    void *win32;
    unsigned char flags[8];
};
struct vmm_access {
    struct cu_mem_location location;
    int flags; /* 3: read and write */
};

/* clang-format off */
#define DRIVER_FUNCTIONS(X) \
    X(init, "cuInit", (unsigned)) \
    X(driver_version, "cuDriverGetVersion", (int *)) \
    X(device_get, "cuDeviceGet", (CUdevice *, int)) \
    X(device_name, "cuDeviceGetName", (char *, int, CUdevice)) \
    X(device_attribute, "cuDeviceGetAttribute", (int *, CUdevice_attribute, CUdevice)) \
    X(primary_retain, "cuDevicePrimaryCtxRetain", (CUcontext *, CUdevice)) \
    X(primary_reset, "cuDevicePrimaryCtxReset_v2", (CUdevice)) \
    X(ctx_create, "cuCtxCreate_v2", (CUcontext *, unsigned, CUdevice)) \
    X(ctx_destroy, "cuCtxDestroy_v2", (CUcontext)) \
    X(ctx_set, "cuCtxSetCurrent", (CUcontext)) \
    X(get_proc, "cuGetProcAddress_v2", (const char *, void **, int, cuuint64_t, CUdriverProcAddressQueryResult *)) \
    X(mem_alloc, "cuMemAlloc_v2", (CUdeviceptr *, size_t)) \
    X(mem_free, "cuMemFree_v2", (CUdeviceptr)) \
    X(host_alloc, "cuMemHostAlloc", (void **, size_t, unsigned)) \
    X(host_free, "cuMemFreeHost", (void *)) \
    X(host_register, "cuMemHostRegister_v2", (void *, size_t, unsigned)) \
    X(host_unregister, "cuMemHostUnregister", (void *)) \
    X(host_flags, "cuMemHostGetFlags", (unsigned *, void *)) \
    X(host_device_pointer, "cuMemHostGetDevicePointer_v2", (CUdeviceptr *, void *, unsigned)) \
    X(pointer_attribute, "cuPointerGetAttribute", (void *, CUpointer_attribute, CUdeviceptr)) \
    X(pointer_attributes, "cuPointerGetAttributes", (unsigned, CUpointer_attribute *, void **, CUdeviceptr)) \
    X(h2d, "cuMemcpyHtoD_v2", (CUdeviceptr, const void *, size_t)) \
    X(d2h, "cuMemcpyDtoH_v2", (void *, CUdeviceptr, size_t)) \
    X(h2d_async, "cuMemcpyHtoDAsync_v2", (CUdeviceptr, const void *, size_t, CUstream)) \
    X(d2h_async, "cuMemcpyDtoHAsync_v2", (void *, CUdeviceptr, size_t, CUstream)) \
    X(copy, "cuMemcpy", (CUdeviceptr, CUdeviceptr, size_t)) \
    X(stream_create, "cuStreamCreate", (CUstream *, unsigned)) \
    X(stream_sync, "cuStreamSynchronize", (CUstream)) \
    X(stream_query, "cuStreamQuery", (CUstream)) \
    X(event_create, "cuEventCreate", (CUevent *, unsigned)) \
    X(event_record, "cuEventRecord", (CUevent, CUstream)) \
    X(event_query, "cuEventQuery", (CUevent)) \
    X(launch_host, "cuLaunchHostFunc", (CUstream, host_function, void *)) \
    X(begin_capture, "cuStreamBeginCapture_v2", (CUstream, CUstreamCaptureMode)) \
    X(end_capture, "cuStreamEndCapture", (CUstream, CUgraph *)) \
    X(event_sync, "cuEventSynchronize", (CUevent)) \
    X(copy_2d_async, "cuMemcpy2DAsync_v2", (const struct cu_memcpy2d *, CUstream)) \
    X(address_range, "cuMemGetAddressRange_v2", (CUdeviceptr *, size_t *, CUdeviceptr)) \
    X(pool_alloc, "cuMemAllocAsync", (CUdeviceptr *, size_t, CUstream)) \
    X(pool_free, "cuMemFreeAsync", (CUdeviceptr, CUstream)) \
    X(vmm_granularity, "cuMemGetAllocationGranularity", (size_t *, const struct vmm_kind *, int)) \
    X(vmm_create, "cuMemCreate", (unsigned long long *, size_t, const struct vmm_kind *, unsigned long long)) \
    X(vmm_reserve, "cuMemAddressReserve", (CUdeviceptr *, size_t, size_t, CUdeviceptr, unsigned long long)) \
    X(vmm_map, "cuMemMap", (CUdeviceptr, size_t, size_t, unsigned long long, unsigned long long)) \
    X(vmm_access, "cuMemSetAccess", (CUdeviceptr, size_t, const struct vmm_access *, size_t)) \
    X(graph_destroy, "cuGraphDestroy", (CUgraph)) \
    X(exchange_mode, "cuThreadExchangeStreamCaptureMode", (CUstreamCaptureMode *)) \
    X(module_load, "cuModuleLoadData", (void **, const void *)) \
    X(module_function, "cuModuleGetFunction", (void **, void *, const char *)) \
    X(launch, "cuLaunchKernel", (void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, \
                                 void **, void **))
/* clang-format on */

struct driver {
    void *handle;
#define X(field, name, arguments) CUresult(*field) arguments;
    DRIVER_FUNCTIONS(X)
#undef X
};
extern struct driver cu;

/* Prints one line "fact: value". */
void fact(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints "assumed_NAME: confirmed: ..." or "... refuted: ...": something that autopin relies on. */
void assumed(const char *name, int confirmed, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Page-aligned anonymous memory, untouched; advice is an madvise value or 0. */
char *map_pages(size_t bytes, int advice);

/* Ends the program unless the call succeeded: for set-up that no fact depends on. */
void must(CUresult result, const char *what);

/* Runs call(argument) on a thread of its own and waits for at most `limit_s`.  Returns the time it took in seconds, or
 * -1 when it was still running; finish_call() then waits for its end. */
struct pending;
struct pending *start_call(CUresult (*call)(void *), void *argument);
double wait_call(struct pending *pending, double limit_s);
CUresult finish_call(struct pending *pending);

/* A stream that waits for no other, to be held up; and the set-up for holding up any.  A second call does nothing. */
extern CUstream held;
void hold_start(void);
int hold_has_kernel(void);

/* Holds a stream of the current context up, by a kernel or a host function, until let_go(). */
void hold(CUstream stream, int kernel);
void let_go(CUstream stream);

/* Runs call(argument) on another thread while the stream is held up, for a limited time.  Returns the seconds it took,
 * or -1 when it returned only after the stream was let go. */
double while_held(CUstream stream, int kernel, CUresult (*call)(void *), void *argument, CUresult *result);

void facts_lookup(const char *requests_path);
void facts_pointers(void);
void facts_registration(void);
void facts_straddling(void);
void facts_contexts(CUdevice device);
void facts_speed(void);
void facts_staging(CUdevice device);
void facts_waiting(void);
void facts_capture(void);

#endif
