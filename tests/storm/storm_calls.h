/* The driver functions that the storm calls: STORM_CALLS(X) with X(name, parameters). */
#ifndef STORM_CALLS_H
#define STORM_CALLS_H

#include "tests/preload/sim_client_calls.h"

/* clang-format off */
#define STORM_CALLS(X)                                                                                                 \
    SIM_CLIENT_CALLS(X)                                                                                                \
    X(cuArrayCreate_v2, (CUarray *, const void *))                                                                     \
    X(cuArrayDestroy, (CUarray))                                                                                       \
    X(cuMemcpyHtoA_v2, (CUarray, size_t, const void *, size_t))                                                        \
    X(cuMemcpyHtoA_v2_ptds, (CUarray, size_t, const void *, size_t))                                                   \
    X(cuMemcpyHtoAAsync_v2, (CUarray, size_t, const void *, size_t, CUstream))                                         \
    X(cuMemcpyHtoAAsync_v2_ptsz, (CUarray, size_t, const void *, size_t, CUstream))                                    \
    X(cuMemcpyAtoH_v2, (void *, CUarray, size_t, size_t))                                                              \
    X(cuMemcpyAtoH_v2_ptds, (void *, CUarray, size_t, size_t))                                                         \
    X(cuMemcpyAtoHAsync_v2, (void *, CUarray, size_t, size_t, CUstream))                                               \
    X(cuMemcpyAtoHAsync_v2_ptsz, (void *, CUarray, size_t, size_t, CUstream))                                          \
    X(cuMemcpy2D_v2_ptds, (const struct cu_memcpy2d *))                                                                \
    X(cuMemcpy2DUnaligned_v2_ptds, (const struct cu_memcpy2d *))                                                       \
    X(cuMemcpy2DAsync_v2_ptsz, (const struct cu_memcpy2d *, CUstream))                                                 \
    X(cuMemcpy3D_v2_ptds, (const struct cu_memcpy3d *))                                                                \
    X(cuMemcpy3DAsync_v2_ptsz, (const struct cu_memcpy3d *, CUstream))                                                 \
    X(cuStreamAddCallback, (CUstream, void (*)(CUstream, CUresult, void *), void *, unsigned))
/* clang-format on */

#endif
