/* Owns the batch copies that drivers have had since 12.8 (with the index of the copy that failed) and 13.0 (without):
 * the variant of the simulated driver with later exports only.  Each copy of a batch is made as an asynchronous one
 * alone would be; the legacy default stream is refused.
 *
 * Takes no lock itself. */
#define _GNU_SOURCE
#include "sim.h"

#define NONE ((size_t)-1)

static CUresult batch(const CUdeviceptr *to, const CUdeviceptr *from, const size_t *sizes, size_t count, size_t *failed,
                      CUstream stream, bool per_thread)
{
    CUresult rc = CUDA_SUCCESS;
    if (failed)
        *failed = NONE;
    if (!to || !from || !sizes || count == 0 || (!stream && !per_thread))
        return CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < count && rc == CUDA_SUCCESS; i++) {
        struct sim_xfer x;
        sim_xfer_linear(&x, (uintptr_t)to[i], (uintptr_t)from[i], sizes[i]);
        rc = sim_copy(&x, stream, per_thread, true, WAY_ANY);
        if (rc != CUDA_SUCCESS && failed)
            *failed = i;
    }
    return rc;
}

static CUresult copy_op(const struct cu_batch_op3d *op, CUstream stream, bool per_thread)
{
    const struct cu_operand3d *s = &op->src, *d = &op->dst;
    struct sim_xfer x;
    if (s->type != CU_MEMCPY_OPERAND_TYPE_POINTER || d->type != CU_MEMCPY_OPERAND_TYPE_POINTER)
        return CUDA_ERROR_NOT_SUPPORTED;
    const struct cu_memcpy3d c = {
        .src_type = CU_MEMORYTYPE_UNIFIED,
        .src_device = s->op.ptr.ptr,
        .src_pitch = s->op.ptr.row_length ? s->op.ptr.row_length : op->width,
        .src_height = s->op.ptr.layer_height ? s->op.ptr.layer_height : op->height,
        .dst_type = CU_MEMORYTYPE_UNIFIED,
        .dst_device = d->op.ptr.ptr,
        .dst_pitch = d->op.ptr.row_length ? d->op.ptr.row_length : op->width,
        .dst_height = d->op.ptr.layer_height ? d->op.ptr.layer_height : op->height,
        .width = op->width,
        .height = op->height,
        .depth = op->depth,
    };
    CUresult rc = sim_xfer_from_3d(&x, &c);
    return rc != CUDA_SUCCESS ? rc : sim_copy(&x, stream, per_thread, true, WAY_ANY);
}

static CUresult batch_3d(size_t count, const struct cu_batch_op3d *ops, size_t *failed, CUstream stream,
                         bool per_thread)
{
    CUresult rc = CUDA_SUCCESS;
    if (failed)
        *failed = NONE;
    if (!ops || count == 0 || (!stream && !per_thread))
        return CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < count && rc == CUDA_SUCCESS; i++) {
        rc = copy_op(&ops[i], stream, per_thread);
        if (rc != CUDA_SUCCESS && failed)
            *failed = i;
    }
    return rc;
}

#define ARGS                                                                                                           \
    CUdeviceptr *to, CUdeviceptr *from, size_t *sizes, size_t count, void *attributes, size_t *indices, size_t n
#define BATCH_WITH_INDEX(name, per_thread)                                                                             \
    CUresult name(ARGS, size_t *failed, CUstream stream)                                                               \
    {                                                                                                                  \
        ENTER(name, 0);                                                                                                \
        (void)attributes, (void)indices, (void)n;                                                                      \
        return batch(to, from, sizes, count, failed, stream, per_thread);                                              \
    }
#define BATCH(name, per_thread)                                                                                        \
    CUresult name(ARGS, CUstream stream)                                                                               \
    {                                                                                                                  \
        ENTER(name, 0);                                                                                                \
        (void)attributes, (void)indices, (void)n;                                                                      \
        return batch(to, from, sizes, count, NULL, stream, per_thread);                                                \
    }
BATCH_WITH_INDEX(cuMemcpyBatchAsync, false)
BATCH_WITH_INDEX(cuMemcpyBatchAsync_ptsz, true)
BATCH(cuMemcpyBatchAsync_v2, false)
BATCH(cuMemcpyBatchAsync_v2_ptsz, true)

#define BATCH_3D_WITH_INDEX(name, per_thread)                                                                          \
    CUresult name(size_t count, struct cu_batch_op3d *ops, size_t *failed, unsigned long long flags, CUstream stream)  \
    {                                                                                                                  \
        ENTER(name, 0);                                                                                                \
        return flags ? CUDA_ERROR_INVALID_VALUE : batch_3d(count, ops, failed, stream, per_thread);                    \
    }
#define BATCH_3D(name, per_thread)                                                                                     \
    CUresult name(size_t count, struct cu_batch_op3d *ops, unsigned long long flags, CUstream stream)                  \
    {                                                                                                                  \
        ENTER(name, 0);                                                                                                \
        return flags ? CUDA_ERROR_INVALID_VALUE : batch_3d(count, ops, NULL, stream, per_thread);                      \
    }
BATCH_3D_WITH_INDEX(cuMemcpy3DBatchAsync, false)
BATCH_3D_WITH_INDEX(cuMemcpy3DBatchAsync_ptsz, true)
BATCH_3D(cuMemcpy3DBatchAsync_v2, false)
BATCH_3D(cuMemcpy3DBatchAsync_v2_ptsz, true)
