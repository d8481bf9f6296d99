/* Counts captures, and asks the driver about a stream's.  See captures.h. */
#include "captures.h"

#include <stdatomic.h>

#include "driver.h"

typedef CUresult (*capturing_fn)(CUstream, CUstreamCaptureStatus *);

enum {
    ASK_TIMES = 3
};
static _Atomic int seen; /* any, ever */
static _Atomic int going_on;

void capture_begins(void)
{
    atomic_store(&seen, 1);
    atomic_fetch_add(&going_on, 1);
}

void capture_ended(void)
{
    int known = atomic_load(&going_on);
    while (known > 0 && !atomic_compare_exchange_weak(&going_on, &known, known - 1))
        ;
}

int capture_is_possible(void)
{
    return atomic_load_explicit(&going_on, memory_order_relaxed) != 0;
}

int capture_is_on(CUstream stream, int per_thread)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    CUresult result = CUDA_ERROR_UNKNOWN;
    if (!atomic_load_explicit(&seen, memory_order_relaxed))
        return 0;
    for (int i = 0; i < ASK_TIMES && result != CUDA_SUCCESS; i++)
        result = REAL(per_thread ? EP_cuStreamIsCapturing_ptsz : EP_cuStreamIsCapturing, capturing_fn, stream, &status);
    return result == CUDA_SUCCESS && status != CU_STREAM_CAPTURE_STATUS_NONE;
}
