/* Linear copies as the driver makes them: whole, cut, or through a bounce buffer.  See copy_int.h. */
#include "copy_int.h"

#include <string.h>

#include "bounce.h"
#include "flight.h"
#include "policy/prim.h"
#include "policy/record.h"

typedef CUresult (*sync_fn)(uintptr_t, uintptr_t, size_t);
typedef CUresult (*async_fn)(uintptr_t, uintptr_t, size_t, CUstream);
typedef CUresult (*stream_fn)(CUstream);

int copy_is_async(const struct copy *copy)
{
    return copy->shape == COPY_H2D_ASYNC || copy->shape == COPY_D2H_ASYNC || copy->shape == COPY_ANY_ASYNC;
}

CUresult copy_call(const struct copy *copy, uintptr_t to, uintptr_t from, size_t bytes)
{
    void *real = driver_real(copy->entry);
    if (!real)
        return CUDA_ERROR_NOT_FOUND;
    if (copy_is_async(copy))
        return ((async_fn)real)(to, from, bytes, copy->stream);
    return ((sync_fn)real)(to, from, bytes);
}

/* The copy is on its way and its promise has to be kept, so a wait that fails is made again, in another way. */
CUresult copy_wait(CUstream stream, int per_thread)
{
    const uint64_t begin = prim_now_ns();
    const CUstreamCaptureMode mode = driver_relax_captures();
    CUresult result = flight_wait(stream, per_thread);
    if (result != CUDA_SUCCESS)
        result = REAL(per_thread ? EP_cuStreamSynchronize_ptsz : EP_cuStreamSynchronize, stream_fn, stream);
    driver_restore_captures(mode);
    count_add(&record.totals.waits, 1);
    count_add(&record.totals.wait_ns, prim_now_ns() - begin);
    return result;
}

CUresult copy_call_cut(const struct copy *copy, const struct block *block, uintptr_t host)
{
    size_t done = 0;
    CUresult result = CUDA_SUCCESS;
    if (block->bytes <= PIN_PIECE_BYTES)
        return copy_call(copy, copy->to, copy->from, copy->bytes);
    while (result == CUDA_SUCCESS && done < copy->bytes) {
        const size_t left = copy->bytes - done;
        const size_t border = PIN_PIECE_BYTES - (host + done - (uintptr_t)block->base) % PIN_PIECE_BYTES;
        const size_t part = left < border ? left : border;
        result = copy_call(copy, copy->to + done, copy->from + done, part);
        done += part;
        count_add(&record.totals.splits, done < copy->bytes);
    }
    return result;
}

CUresult copy_call_bounced(const struct copy *copy, enum direction dir)
{
    CUresult result = CUDA_SUCCESS;
    char *buffer = bounce_get();
    for (size_t done = 0, part; result == CUDA_SUCCESS && done < copy->bytes; done += part) {
        const size_t left = copy->bytes - done;
        part = left < BOUNCE_BYTES ? left : BOUNCE_BYTES;
        if (dir == DIR_H2D) {
            memcpy(buffer, (const char *)copy->from + done, part); /* NOLINT(performance-no-int-to-ptr) */
            result = copy_call(copy, copy->to + done, (uintptr_t)buffer, part);
        } else {
            result = copy_call(copy, (uintptr_t)buffer, copy->from + done, part);
            if (result == CUDA_SUCCESS)
                memcpy((char *)copy->to + done, buffer, part); /* NOLINT(performance-no-int-to-ptr) */
        }
    }
    bounce_put(buffer);
    return result;
}
