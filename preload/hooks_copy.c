/* Hooks of the linear copies: each only says what it is and hands over to copy.c. */
#include "copy.h"
#include "self.h"

#define COPY(name, shape, per_thread, to, from, bytes, stream)                                                         \
    copy_run(&(const struct copy){EP_##name, shape, per_thread, (uintptr_t)(to), (uintptr_t)(from), bytes, stream})

#define HOOK_H2D(name, per_thread)                                                                                     \
    EXPORT CUresult name(CUdeviceptr to, const void *from, size_t bytes);                                              \
    EXPORT CUresult name(CUdeviceptr to, const void *from, size_t bytes)                                               \
    {                                                                                                                  \
        return COPY(name, COPY_H2D, per_thread, to, from, bytes, NULL);                                                \
    }

#define HOOK_H2D_ASYNC(name, per_thread)                                                                               \
    EXPORT CUresult name(CUdeviceptr to, const void *from, size_t bytes, CUstream stream);                             \
    EXPORT CUresult name(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)                              \
    {                                                                                                                  \
        return COPY(name, COPY_H2D_ASYNC, per_thread, to, from, bytes, stream);                                        \
    }

#define HOOK_D2H(name, per_thread)                                                                                     \
    EXPORT CUresult name(void *to, CUdeviceptr from, size_t bytes);                                                    \
    EXPORT CUresult name(void *to, CUdeviceptr from, size_t bytes)                                                     \
    {                                                                                                                  \
        return COPY(name, COPY_D2H, per_thread, to, from, bytes, NULL);                                                \
    }

#define HOOK_D2H_ASYNC(name, per_thread)                                                                               \
    EXPORT CUresult name(void *to, CUdeviceptr from, size_t bytes, CUstream stream);                                   \
    EXPORT CUresult name(void *to, CUdeviceptr from, size_t bytes, CUstream stream)                                    \
    {                                                                                                                  \
        return COPY(name, COPY_D2H_ASYNC, per_thread, to, from, bytes, stream);                                        \
    }

#define HOOK_ANY(name, per_thread)                                                                                     \
    EXPORT CUresult name(CUdeviceptr to, CUdeviceptr from, size_t bytes);                                              \
    EXPORT CUresult name(CUdeviceptr to, CUdeviceptr from, size_t bytes)                                               \
    {                                                                                                                  \
        return COPY(name, COPY_ANY, per_thread, to, from, bytes, NULL);                                                \
    }

#define HOOK_ANY_ASYNC(name, per_thread)                                                                               \
    EXPORT CUresult name(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream);                             \
    EXPORT CUresult name(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)                              \
    {                                                                                                                  \
        return COPY(name, COPY_ANY_ASYNC, per_thread, to, from, bytes, stream);                                        \
    }

HOOK_H2D(cuMemcpyHtoD_v2, 0)
HOOK_H2D(cuMemcpyHtoD_v2_ptds, 1)
HOOK_H2D_ASYNC(cuMemcpyHtoDAsync_v2, 0)
HOOK_H2D_ASYNC(cuMemcpyHtoDAsync_v2_ptsz, 1)
HOOK_D2H(cuMemcpyDtoH_v2, 0)
HOOK_D2H(cuMemcpyDtoH_v2_ptds, 1)
HOOK_D2H_ASYNC(cuMemcpyDtoHAsync_v2, 0)
HOOK_D2H_ASYNC(cuMemcpyDtoHAsync_v2_ptsz, 1)
HOOK_ANY(cuMemcpy, 0)
HOOK_ANY(cuMemcpy_ptds, 1)
HOOK_ANY_ASYNC(cuMemcpyAsync, 0)
HOOK_ANY_ASYNC(cuMemcpyAsync_ptsz, 1)
