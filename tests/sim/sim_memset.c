/* Owns memset, linear and 2D, of 1, 2 and 4 byte elements: queued on the stream, never waited for.
 *
 * Takes sim.lock. */
#define _GNU_SOURCE
#include "sim.h"

static CUresult fill(struct sim_fill f, CUstream stream, bool per_thread, bool async)
{
    struct sim_stream *s;
    struct sim_capture *capture;
    size_t row = f.width * f.element_bytes;
    if ((uintptr_t)f.dst % f.element_bytes || (f.height > 1 && f.pitch < row))
        return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    CUresult rc = sim_stream_find(stream, per_thread, &s);
    if (rc == CUDA_SUCCESS)
        rc = sim_capture_for(s, async, &capture);
    if (rc == CUDA_SUCCESS && row * f.height != 0) {
        enum sim_place place = sim_classify(s->ctx, (uintptr_t)f.dst, (f.height - 1) * f.pitch + row);
        rc = place == PLACE_DEVICE || place == PLACE_PINNED ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
        struct sim_op *op = rc == CUDA_SUCCESS ? sim_op_new(OP_FILL) : NULL;
        if (op)
            op->fill = f;
        if (op && capture) {
            sim_capture_add(s, NODE_MEMSET, op);
            sim_free(op, sizeof *op);
        } else if (op) {
            sim_stream_push(s, op);
        }
    }
    sim_unlock();
    return rc;
}

#define LINEAR(dst_, value_, width_, bytes_)                                                                           \
    (struct sim_fill)                                                                                                  \
    {                                                                                                                  \
        .dst = (unsigned char *)(uintptr_t)(dst_), .width = width_, .height = 1, .value = value_,                      \
        .element_bytes = bytes_                                                                                        \
    }
#define PLANE(dst_, pitch_, value_, width_, height_, bytes_)                                                           \
    (struct sim_fill)                                                                                                  \
    {                                                                                                                  \
        .dst = (unsigned char *)(uintptr_t)(dst_), .pitch = pitch_, .width = width_, .height = height_,                \
        .value = value_, .element_bytes = bytes_                                                                       \
    }

#define FILL(name, per_thread, type)                                                                                   \
    CUresult name(CUdeviceptr d, type value, size_t n)                                                                 \
    {                                                                                                                  \
        ENTER(name, EN_UNSAFE);                                                                                        \
        return fill(LINEAR(d, value, n, sizeof(type)), NULL, per_thread, false);                                       \
    }
#define FILL_ASYNC(name, per_thread, type)                                                                             \
    CUresult name(CUdeviceptr d, type value, size_t n, CUstream s)                                                     \
    {                                                                                                                  \
        ENTER(name, 0);                                                                                                \
        return fill(LINEAR(d, value, n, sizeof(type)), s, per_thread, true);                                           \
    }
#define FILL_2D(name, per_thread, type)                                                                                \
    CUresult name(CUdeviceptr d, size_t pitch, type value, size_t w, size_t h)                                         \
    {                                                                                                                  \
        ENTER(name, EN_UNSAFE);                                                                                        \
        return fill(PLANE(d, pitch, value, w, h, sizeof(type)), NULL, per_thread, false);                              \
    }
#define FILL_2D_ASYNC(name, per_thread, type)                                                                          \
    CUresult name(CUdeviceptr d, size_t pitch, type value, size_t w, size_t h, CUstream s)                             \
    {                                                                                                                  \
        ENTER(name, 0);                                                                                                \
        return fill(PLANE(d, pitch, value, w, h, sizeof(type)), s, per_thread, true);                                  \
    }
#define ALL(bits, type)                                                                                                \
    FILL(cuMemsetD##bits##_v2, false, type)                                                                            \
    FILL(cuMemsetD##bits##_v2_ptds, true, type)                                                                        \
    FILL_ASYNC(cuMemsetD##bits##Async, false, type)                                                                    \
    FILL_ASYNC(cuMemsetD##bits##Async_ptsz, true, type)                                                                \
    FILL_2D(cuMemsetD2D##bits##_v2, false, type)                                                                       \
    FILL_2D(cuMemsetD2D##bits##_v2_ptds, true, type)                                                                   \
    FILL_2D_ASYNC(cuMemsetD2D##bits##Async, false, type)                                                               \
    FILL_2D_ASYNC(cuMemsetD2D##bits##Async_ptsz, true, type)
ALL(8, unsigned char)
ALL(16, unsigned short)
ALL(32, unsigned)
