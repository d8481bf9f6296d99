/* Owns the entry points of linear copies, synchronous and asynchronous, legacy and per-thread default stream.
 *
 * Takes no lock itself. */
#define _GNU_SOURCE
#include "sim.h"

static CUresult linear(uintptr_t dst, uintptr_t src, size_t bytes, CUstream s, bool per_thread, bool async,
                       enum sim_way way)
{
    struct sim_xfer x;
    sim_xfer_linear(&x, dst, src, bytes);
    return sim_copy(&x, s, per_thread, async, way);
}

static uintptr_t at(CUarray h, size_t offset)
{
    sim_lock();
    uintptr_t base = sim_handle_is(h, KIND_ARRAY) ? (uintptr_t)((struct sim_array *)h)->memory + offset : 0;
    sim_unlock();
    return base;
}

/* name, whether NULL means the per-thread stream, arguments, destination, source, which end is the device. */
#define SYNC(name, per_thread, args, dst, src, way)                                                                    \
    CUresult name args                                                                                                 \
    {                                                                                                                  \
        ENTER(name, EN_UNSAFE);                                                                                        \
        return linear((uintptr_t)(dst), (uintptr_t)(src), bytes, NULL, per_thread, false, way);                        \
    }
#define ASYNC(name, per_thread, args, dst, src, way)                                                                   \
    CUresult name args                                                                                                 \
    {                                                                                                                  \
        ENTER(name, 0);                                                                                                \
        return linear((uintptr_t)(dst), (uintptr_t)(src), bytes, stream, per_thread, true, way);                       \
    }
#define BOTH_SYNC(name, args, dst, src, way)                                                                           \
    SYNC(name, false, args, dst, src, way)                                                                             \
    SYNC(name##_ptds, true, args, dst, src, way)
#define BOTH_ASYNC(name, args, dst, src, way)                                                                          \
    ASYNC(name, false, args, dst, src, way)                                                                            \
    ASYNC(name##_ptsz, true, args, dst, src, way)

BOTH_SYNC(cuMemcpy, (CUdeviceptr d, CUdeviceptr s, size_t bytes), d, s, WAY_ANY)
BOTH_SYNC(cuMemcpyHtoD_v2, (CUdeviceptr d, const void *s, size_t bytes), d, s, WAY_H2D)
BOTH_SYNC(cuMemcpyDtoH_v2, (void *d, CUdeviceptr s, size_t bytes), d, s, WAY_D2H)
BOTH_SYNC(cuMemcpyDtoD_v2, (CUdeviceptr d, CUdeviceptr s, size_t bytes), d, s, WAY_D2D)
BOTH_SYNC(cuMemcpyHtoA_v2, (CUarray a, size_t o, const void *s, size_t bytes), at(a, o), s, WAY_H2D)
BOTH_SYNC(cuMemcpyAtoH_v2, (void *d, CUarray a, size_t o, size_t bytes), d, at(a, o), WAY_D2H)
BOTH_SYNC(cuMemcpyDtoA_v2, (CUarray a, size_t o, CUdeviceptr s, size_t bytes), at(a, o), s, WAY_D2D)
BOTH_SYNC(cuMemcpyAtoD_v2, (CUdeviceptr d, CUarray a, size_t o, size_t bytes), d, at(a, o), WAY_D2D)
BOTH_SYNC(cuMemcpyAtoA_v2, (CUarray a, size_t o, CUarray b, size_t p, size_t bytes), at(a, o), at(b, p), WAY_D2D)

BOTH_ASYNC(cuMemcpyAsync, (CUdeviceptr d, CUdeviceptr s, size_t bytes, CUstream stream), d, s, WAY_ANY)
BOTH_ASYNC(cuMemcpyHtoDAsync_v2, (CUdeviceptr d, const void *s, size_t bytes, CUstream stream), d, s, WAY_H2D)
BOTH_ASYNC(cuMemcpyDtoHAsync_v2, (void *d, CUdeviceptr s, size_t bytes, CUstream stream), d, s, WAY_D2H)
BOTH_ASYNC(cuMemcpyDtoDAsync_v2, (CUdeviceptr d, CUdeviceptr s, size_t bytes, CUstream stream), d, s, WAY_D2D)
BOTH_ASYNC(cuMemcpyHtoAAsync_v2, (CUarray a, size_t o, const void *s, size_t bytes, CUstream stream), at(a, o), s,
           WAY_H2D)
BOTH_ASYNC(cuMemcpyAtoHAsync_v2, (void *d, CUarray a, size_t o, size_t bytes, CUstream stream), d, at(a, o), WAY_D2H)

/* The contexts of a peer copy only say where the memory lives, which its address says already. */
#define PEER       (CUdeviceptr d, CUcontext dc, CUdeviceptr s, CUcontext sc, size_t bytes)
#define PEER_ASYNC (CUdeviceptr d, CUcontext dc, CUdeviceptr s, CUcontext sc, size_t bytes, CUstream stream)
static bool peer_known(CUcontext c)
{
    sim_lock();
    bool known = sim_handle_is(c, KIND_CTX);
    sim_unlock();
    return known;
}
#define PEER_BODY(name, per_thread, stream, async, flags)                                                              \
    {                                                                                                                  \
        ENTER(name, flags);                                                                                            \
        if (!peer_known(dc) || !peer_known(sc))                                                                        \
            return CUDA_ERROR_INVALID_CONTEXT;                                                                         \
        return linear((uintptr_t)d, (uintptr_t)s, bytes, stream, per_thread, async, WAY_D2D);                          \
    }
CUresult cuMemcpyPeer PEER PEER_BODY(cuMemcpyPeer, false, NULL, false, EN_UNSAFE)
CUresult cuMemcpyPeer_ptds PEER PEER_BODY(cuMemcpyPeer_ptds, true, NULL, false, EN_UNSAFE)
CUresult cuMemcpyPeerAsync PEER_ASYNC PEER_BODY(cuMemcpyPeerAsync, false, stream, true,
                                                0) CUresult cuMemcpyPeerAsync_ptsz PEER_ASYNC
    PEER_BODY(cuMemcpyPeerAsync_ptsz, true, stream, true, 0)
