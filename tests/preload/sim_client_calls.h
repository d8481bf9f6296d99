/* The driver functions that the tests call: SIM_CLIENT_CALLS(X) with X(name, parameters).  See sim_client.h. */
#ifndef SIM_CLIENT_CALLS_H
#define SIM_CLIENT_CALLS_H

/* clang-format off */
#define SIM_CLIENT_CALLS(X)                                                                                            \
    X(cuInit, (unsigned))                                                                                              \
    X(cuDeviceGetCount, (int *))                                                                                       \
    X(cuGetProcAddress_v2, (const char *, void **, int, cuuint64_t, int *))                                            \
    X(cuCtxCreate_v2, (CUcontext *, unsigned, CUdevice))                                                               \
    X(cuCtxDestroy_v2, (CUcontext))                                                                                    \
    X(cuCtxSetCurrent, (CUcontext))                                                                                    \
    X(cuCtxGetCurrent, (CUcontext *))                                                                                  \
    X(cuCtxSynchronize, (void))                                                                                        \
    X(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice))                                                               \
    X(cuDevicePrimaryCtxRelease, (CUdevice))                                                                           \
    X(cuDevicePrimaryCtxRelease_v2, (CUdevice))                                                                        \
    X(cuDevicePrimaryCtxReset, (CUdevice))                                                                             \
    X(cuDevicePrimaryCtxReset_v2, (CUdevice))                                                                          \
    X(cuMemAlloc_v2, (CUdeviceptr *, size_t))                                                                          \
    X(cuMemFree_v2, (CUdeviceptr))                                                                                     \
    X(cuMemHostAlloc, (void **, size_t, unsigned))                                                                     \
    X(cuMemFreeHost, (void *))                                                                                         \
    X(cuMemHostRegister_v2, (void *, size_t, unsigned))                                                                \
    X(cuMemHostUnregister, (void *))                                                                                   \
    X(cuMemHostGetFlags, (unsigned *, void *))                                                                         \
    X(cuMemHostGetDevicePointer_v2, (CUdeviceptr *, void *, unsigned))                                                 \
    X(cuPointerGetAttribute, (void *, int, CUdeviceptr))                                                               \
    X(cuPointerGetAttributes, (unsigned, int *, void **, CUdeviceptr))                                                 \
    X(cuMemcpy, (CUdeviceptr, CUdeviceptr, size_t))                                                                    \
    X(cuMemcpy_ptds, (CUdeviceptr, CUdeviceptr, size_t))                                                               \
    X(cuMemcpyAsync, (CUdeviceptr, CUdeviceptr, size_t, CUstream))                                                     \
    X(cuMemcpyAsync_ptsz, (CUdeviceptr, CUdeviceptr, size_t, CUstream))                                                \
    X(cuMemcpyHtoD_v2, (CUdeviceptr, const void *, size_t))                                                            \
    X(cuMemcpyHtoD_v2_ptds, (CUdeviceptr, const void *, size_t))                                                       \
    X(cuMemcpyDtoH_v2, (void *, CUdeviceptr, size_t))                                                                  \
    X(cuMemcpyDtoH_v2_ptds, (void *, CUdeviceptr, size_t))                                                             \
    X(cuMemcpyHtoDAsync_v2, (CUdeviceptr, const void *, size_t, CUstream))                                             \
    X(cuMemcpyHtoDAsync_v2_ptsz, (CUdeviceptr, const void *, size_t, CUstream))                                        \
    X(cuMemcpyDtoHAsync_v2, (void *, CUdeviceptr, size_t, CUstream))                                                   \
    X(cuMemcpyDtoHAsync_v2_ptsz, (void *, CUdeviceptr, size_t, CUstream))                                              \
    X(cuMemcpy2D_v2, (const struct cu_memcpy2d *))                                                                     \
    X(cuMemcpy2DUnaligned_v2, (const struct cu_memcpy2d *))                                                            \
    X(cuMemcpy2DAsync_v2, (const struct cu_memcpy2d *, CUstream))                                                      \
    X(cuMemcpy3D_v2, (const struct cu_memcpy3d *))                                                                     \
    X(cuMemcpy3DAsync_v2, (const struct cu_memcpy3d *, CUstream))                                                      \
    X(cuMemsetD8_v2, (CUdeviceptr, unsigned char, size_t))                                                             \
    X(cuStreamCreate, (CUstream *, unsigned))                                                                          \
    X(cuStreamDestroy_v2, (CUstream))                                                                                  \
    X(cuStreamSynchronize, (CUstream))                                                                                 \
    X(cuStreamQuery, (CUstream))                                                                                       \
    X(cuLaunchHostFunc, (CUstream, void (*)(void *), void *))                                                          \
    X(cuLaunchHostFunc_ptsz, (CUstream, void (*)(void *), void *))                                                     \
    X(cuStreamBeginCapture_v2, (CUstream, int))                                                                        \
    X(cuStreamEndCapture, (CUstream, CUgraph *))                                                                       \
    X(cuGraphCreate, (CUgraph *, unsigned))                                                                            \
    X(cuGraphAddMemcpyNode,                                                                                            \
      (CUgraphNode *, CUgraph, const CUgraphNode *, size_t, const struct cu_memcpy3d *, CUcontext))                    \
    X(cuGraphAddNode, (CUgraphNode *, CUgraph, const CUgraphNode *, size_t, struct cu_graph_node_params *))            \
    X(cuGraphMemcpyNodeSetParams, (CUgraphNode, const struct cu_memcpy3d *))                                           \
    X(cuGraphExecMemcpyNodeSetParams, (CUgraphExec, CUgraphNode, const struct cu_memcpy3d *, CUcontext))               \
    X(cuGraphInstantiateWithFlags, (CUgraphExec *, CUgraph, unsigned long long))                                       \
    X(cuGraphLaunch, (CUgraphExec, CUstream))                                                                          \
    X(cuGraphExecDestroy, (CUgraphExec))                                                                               \
    X(cuGraphDestroy, (CUgraph))
/* clang-format on */

#endif
