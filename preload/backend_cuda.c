/* Locking pages with the driver: cuMemHostRegister in pieces, in the context that the copy came from.
 *
 * The pages are made resident first, so that the driver holds mmap_lock no longer than it must, and each registration
 * stays below 512 MiB (open-gpu-kernel-modules#1383).  PORTABLE: good in every context (rule 27).  The calls are made
 * in relaxed capture mode: another thread's global capture must not notice (rule 15). */
#include <errno.h>
#include <stdatomic.h>

#include "backend.h"
#include "driver.h"
#include "policy/engine.h"
#include "policy/prim.h"

typedef CUresult (*attribute_fn)(int *, CUdevice_attribute, CUdevice);
typedef CUresult (*register_fn)(void *, size_t, unsigned);
typedef CUresult (*unregister_fn)(void *);

enum {
    DEVICES_MOST = 64,
    UNKNOWN = 0,
    WORTHWHILE,
    USELESS
};

int backend_cuda_worthwhile(int device)
{
    static _Atomic int known[DEVICES_MOST];
    int can = 1, ats = 0;
    if (device < 0 || device >= DEVICES_MOST)
        return 0;
    int verdict = atomic_load(&known[device]);
    if (verdict == UNKNOWN) {
        (void)REAL(EP_cuDeviceGetAttribute, attribute_fn, &can, CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED, device);
        (void)REAL(EP_cuDeviceGetAttribute, attribute_fn, &ats,
                   CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES, device);
        verdict = can && !ats ? WORTHWHILE : USELESS;
        atomic_store(&known[device], verdict);
    }
    return verdict == WORTHWHILE;
}

/* Unregisters the pieces below `end`, last first.  Errors: -errno of the first that failed; the rest is unregistered,
 * but for -ECANCELED. */
static int unregister_below(struct block *block, size_t end)
{
    int rc = 0;
    while (end) {
        if (!engine_pause())
            return -ECANCELED;
        end = (end - 1) / PIN_PIECE_BYTES * PIN_PIECE_BYTES;
        const int piece = driver_error(REAL(EP_cuMemHostUnregister, unregister_fn, block->base + end));
        rc = rc ? rc : piece;
    }
    return rc;
}

static int register_pieces(struct block *block)
{
    for (size_t at = 0; at < block->pin_bytes; at += PIN_PIECE_BYTES) {
        const size_t left = block->pin_bytes - at, piece = left < PIN_PIECE_BYTES ? left : PIN_PIECE_BYTES;
        if (backend_populate(block->base + at, piece))
            return -ECANCELED;
        const int rc = driver_error(
            REAL(EP_cuMemHostRegister_v2, register_fn, block->base + at, piece, CU_MEMHOSTREGISTER_PORTABLE));
        if (rc == 0)
            continue;
        return unregister_below(block, at) ? -ENOTRECOVERABLE : rc;
    }
    return 0;
}

int backend_cuda_pin(struct block *block)
{
    CUstreamCaptureMode mode;
    int rc = driver_enter(block->pin_context, &mode);
    if (rc)
        return rc;
    rc = backend_cuda_worthwhile(block->pin_device) ? register_pieces(block) : -EOPNOTSUPP;
    driver_leave(mode);
    return rc;
}

int backend_cuda_unpin(struct block *block)
{
    CUstreamCaptureMode mode;
    int rc = driver_enter(block->pin_context, &mode);
    if (rc)
        return rc;
    rc = unregister_below(block, block->pin_bytes);
    driver_leave(mode);
    return rc;
}
