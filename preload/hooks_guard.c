/* Hooks of the guarded copies and of graphs: passed through between guard_begin() and guard_end(). */
#include "copy.h"
#include "guard.h"
#include "self.h"

/* (structure) and (structure, stream) */
#define HOOK_SHAPED(name, type, begin)                                                                                 \
    EXPORT CUresult name(const struct type *copy);                                                                     \
    EXPORT CUresult name(const struct type *copy)                                                                      \
    {                                                                                                                  \
        typedef CUresult (*fn)(const struct type *);                                                                   \
        struct guard guard = {0};                                                                                      \
        struct type mine;                                                                                              \
        const struct type *const given = begin(&guard, copy, &mine);                                                   \
        return guard_end(&guard, REAL(EP_##name, fn, given));                                                          \
    }

#define HOOK_SHAPED_ASYNC(name, type, begin, thread)                                                                   \
    EXPORT CUresult name(const struct type *copy, CUstream stream);                                                    \
    EXPORT CUresult name(const struct type *copy, CUstream stream)                                                     \
    {                                                                                                                  \
        typedef CUresult (*fn)(const struct type *, CUstream);                                                         \
        struct guard guard = {.async = 1, .stream = stream, .per_thread = thread};                                     \
        struct type mine;                                                                                              \
        const struct type *const given = begin(&guard, copy, &mine);                                                   \
        return guard_end(&guard, REAL(EP_##name, fn, given, stream));                                                  \
    }

HOOK_SHAPED(cuMemcpy2D_v2, cu_memcpy2d, guard_begin_2d)
HOOK_SHAPED(cuMemcpy2D_v2_ptds, cu_memcpy2d, guard_begin_2d)
HOOK_SHAPED(cuMemcpy2DUnaligned_v2, cu_memcpy2d, guard_begin_2d)
HOOK_SHAPED(cuMemcpy2DUnaligned_v2_ptds, cu_memcpy2d, guard_begin_2d)
HOOK_SHAPED(cuMemcpy3D_v2, cu_memcpy3d, guard_begin_3d)
HOOK_SHAPED(cuMemcpy3D_v2_ptds, cu_memcpy3d, guard_begin_3d)
HOOK_SHAPED(cuMemcpy3DPeer, cu_memcpy3d, guard_begin_3d)
HOOK_SHAPED(cuMemcpy3DPeer_ptds, cu_memcpy3d, guard_begin_3d)
HOOK_SHAPED_ASYNC(cuMemcpy2DAsync_v2, cu_memcpy2d, guard_begin_2d, 0)
HOOK_SHAPED_ASYNC(cuMemcpy2DAsync_v2_ptsz, cu_memcpy2d, guard_begin_2d, 1)
HOOK_SHAPED_ASYNC(cuMemcpy3DAsync_v2, cu_memcpy3d, guard_begin_3d, 0)
HOOK_SHAPED_ASYNC(cuMemcpy3DAsync_v2_ptsz, cu_memcpy3d, guard_begin_3d, 1)
HOOK_SHAPED_ASYNC(cuMemcpy3DPeerAsync, cu_memcpy3d, guard_begin_3d, 0)
HOOK_SHAPED_ASYNC(cuMemcpy3DPeerAsync_ptsz, cu_memcpy3d, guard_begin_3d, 1)

/* To and from arrays. */
#define HOOK_HTOA(name)                                                                                                \
    EXPORT CUresult name(CUarray to, size_t offset, const void *from, size_t bytes);                                   \
    EXPORT CUresult name(CUarray to, size_t offset, const void *from, size_t bytes)                                    \
    {                                                                                                                  \
        typedef CUresult (*fn)(CUarray, size_t, const void *, size_t);                                                 \
        struct guard guard = {0};                                                                                      \
        const void *const given = (const void *)guard_begin_from(&guard, (uintptr_t)from, bytes);                      \
        return guard_end(&guard, REAL(EP_##name, fn, to, offset, given, bytes));                                       \
    }

#define HOOK_HTOA_ASYNC(name, thread)                                                                                  \
    EXPORT CUresult name(CUarray to, size_t offset, const void *from, size_t bytes, CUstream stream);                  \
    EXPORT CUresult name(CUarray to, size_t offset, const void *from, size_t bytes, CUstream stream)                   \
    {                                                                                                                  \
        typedef CUresult (*fn)(CUarray, size_t, const void *, size_t, CUstream);                                       \
        struct guard guard = {.async = 1, .stream = stream, .per_thread = thread};                                     \
        const void *const given = (const void *)guard_begin_from(&guard, (uintptr_t)from, bytes);                      \
        return guard_end(&guard, REAL(EP_##name, fn, to, offset, given, bytes, stream));                               \
    }

#define HOOK_ATOH(name)                                                                                                \
    EXPORT CUresult name(void *to, CUarray from, size_t offset, size_t bytes);                                         \
    EXPORT CUresult name(void *to, CUarray from, size_t offset, size_t bytes)                                          \
    {                                                                                                                  \
        typedef CUresult (*fn)(void *, CUarray, size_t, size_t);                                                       \
        struct guard guard = {0};                                                                                      \
        void *const given = (void *)guard_begin_to(&guard, (uintptr_t)to, bytes);                                      \
        return guard_end(&guard, REAL(EP_##name, fn, given, from, offset, bytes));                                     \
    }

#define HOOK_ATOH_ASYNC(name, thread)                                                                                  \
    EXPORT CUresult name(void *to, CUarray from, size_t offset, size_t bytes, CUstream stream);                        \
    EXPORT CUresult name(void *to, CUarray from, size_t offset, size_t bytes, CUstream stream)                         \
    {                                                                                                                  \
        typedef CUresult (*fn)(void *, CUarray, size_t, size_t, CUstream);                                             \
        struct guard guard = {.async = 1, .stream = stream, .per_thread = thread};                                     \
        void *const given = (void *)guard_begin_to(&guard, (uintptr_t)to, bytes);                                      \
        return guard_end(&guard, REAL(EP_##name, fn, given, from, offset, bytes, stream));                             \
    }

HOOK_HTOA(cuMemcpyHtoA_v2)
HOOK_HTOA(cuMemcpyHtoA_v2_ptds)
HOOK_HTOA_ASYNC(cuMemcpyHtoAAsync_v2, 0)
HOOK_HTOA_ASYNC(cuMemcpyHtoAAsync_v2_ptsz, 1)
HOOK_ATOH(cuMemcpyAtoH_v2)
HOOK_ATOH(cuMemcpyAtoH_v2_ptds)
HOOK_ATOH_ASYNC(cuMemcpyAtoHAsync_v2, 0)
HOOK_ATOH_ASYNC(cuMemcpyAtoHAsync_v2_ptsz, 1)

/* Batches: both ABIs, 12.8 with failIdx and 13.0 without. */
#define BATCH_ARGS                                                                                                     \
    CUdeviceptr *to, CUdeviceptr *from, size_t *sizes, size_t count, void *attrs, size_t *idx, size_t n_attrs
#define BATCH_PASS batch.to, batch.from, sizes, count, attrs, idx, n_attrs

#define HOOK_BATCH_OLD(name, thread)                                                                                   \
    EXPORT CUresult name(BATCH_ARGS, size_t *failed, CUstream stream);                                                 \
    EXPORT CUresult name(BATCH_ARGS, size_t *failed, CUstream stream)                                                  \
    {                                                                                                                  \
        typedef CUresult (*fn)(BATCH_ARGS, size_t *, CUstream);                                                        \
        struct guard guard = {.async = 1, .stream = stream, .per_thread = thread};                                     \
        struct batch batch = {to, from, sizes, count, attrs, idx, n_attrs};                                            \
        guard_begin_batch(&guard, &batch);                                                                             \
        return guard_end(&guard, REAL(EP_##name, fn, BATCH_PASS, failed, stream));                                     \
    }

#define HOOK_BATCH(name, thread)                                                                                       \
    EXPORT CUresult name(BATCH_ARGS, CUstream stream);                                                                 \
    EXPORT CUresult name(BATCH_ARGS, CUstream stream)                                                                  \
    {                                                                                                                  \
        typedef CUresult (*fn)(BATCH_ARGS, CUstream);                                                                  \
        struct guard guard = {.async = 1, .stream = stream, .per_thread = thread};                                     \
        struct batch batch = {to, from, sizes, count, attrs, idx, n_attrs};                                            \
        guard_begin_batch(&guard, &batch);                                                                             \
        return guard_end(&guard, REAL(EP_##name, fn, BATCH_PASS, stream));                                             \
    }

HOOK_BATCH_OLD(cuMemcpyBatchAsync, 0)
HOOK_BATCH_OLD(cuMemcpyBatchAsync_ptsz, 1)
HOOK_BATCH(cuMemcpyBatchAsync_v2, 0)
HOOK_BATCH(cuMemcpyBatchAsync_v2_ptsz, 1)

#define HOOK_BATCH_3D_OLD(name, thread)                                                                                \
    EXPORT CUresult name(size_t count, struct cu_batch_op3d *ops, size_t *failed, unsigned long long flags,            \
                         CUstream stream);                                                                             \
    EXPORT CUresult name(size_t count, struct cu_batch_op3d *ops, size_t *failed, unsigned long long flags,            \
                         CUstream stream)                                                                              \
    {                                                                                                                  \
        typedef CUresult (*fn)(size_t, struct cu_batch_op3d *, size_t *, unsigned long long, CUstream);                \
        struct guard guard = {.async = 1, .stream = stream, .per_thread = thread};                                     \
        struct cu_batch_op3d *const given = guard_begin_batch_3d(&guard, ops, count);                                  \
        return guard_end(&guard, REAL(EP_##name, fn, count, given, failed, flags, stream));                            \
    }

#define HOOK_BATCH_3D(name, thread)                                                                                    \
    EXPORT CUresult name(size_t count, struct cu_batch_op3d *ops, unsigned long long flags, CUstream stream);          \
    EXPORT CUresult name(size_t count, struct cu_batch_op3d *ops, unsigned long long flags, CUstream stream)           \
    {                                                                                                                  \
        typedef CUresult (*fn)(size_t, struct cu_batch_op3d *, unsigned long long, CUstream);                          \
        struct guard guard = {.async = 1, .stream = stream, .per_thread = thread};                                     \
        struct cu_batch_op3d *const given = guard_begin_batch_3d(&guard, ops, count);                                  \
        return guard_end(&guard, REAL(EP_##name, fn, count, given, flags, stream));                                    \
    }

HOOK_BATCH_3D_OLD(cuMemcpy3DBatchAsync, 0)
HOOK_BATCH_3D_OLD(cuMemcpy3DBatchAsync_ptsz, 1)
HOOK_BATCH_3D(cuMemcpy3DBatchAsync_v2, 0)
HOOK_BATCH_3D(cuMemcpy3DBatchAsync_v2_ptsz, 1)
