/* Hooks of contexts that end, and of lookups.  Blocks pinned in a context are unpinned before it goes (rule 27). */
#include "driver.h"
#include "flight.h"
#include "life.h"
#include "policy/engine.h"
#include "policy/totals.h"
#include "self.h"

static int in_context(const struct block *block, const void *context)
{
    return block->pin_backend == BACKEND_CUDA && block->pin_context == context;
}

static int on_device(const struct block *block, const void *device)
{
    return block->pin_backend == BACKEND_CUDA && block->pin_device == *(const CUdevice *)device;
}

static int by_driver(const struct block *block, const void *unused)
{
    (void)unused;
    return block->pin_backend == BACKEND_CUDA;
}

static void lose(int (*match)(const struct block *, const void *), const void *what)
{
    if (self.busy || !life_is_on() || engine_backend() != BACKEND_CUDA)
        return;
    count_add(&totals.context_losses, 1);
    engine_demote_matching(match, what);
    flight_drop_events();
}

#define HOOK_CONTEXT(name)                                                                                             \
    EXPORT CUresult name(CUcontext context);                                                                           \
    EXPORT CUresult name(CUcontext context)                                                                            \
    {                                                                                                                  \
        typedef CUresult (*fn)(CUcontext);                                                                             \
        lose(in_context, context);                                                                                     \
        return REAL(EP_##name, fn, context);                                                                           \
    }

#define HOOK_PRIMARY(name)                                                                                             \
    EXPORT CUresult name(CUdevice device);                                                                             \
    EXPORT CUresult name(CUdevice device)                                                                              \
    {                                                                                                                  \
        typedef CUresult (*fn)(CUdevice);                                                                              \
        lose(on_device, &device);                                                                                      \
        return REAL(EP_##name, fn, device);                                                                            \
    }

HOOK_CONTEXT(cuCtxDestroy)
HOOK_CONTEXT(cuCtxDestroy_v2)
HOOK_CONTEXT(cuCtxDetach)
HOOK_PRIMARY(cuDevicePrimaryCtxReset)
HOOK_PRIMARY(cuDevicePrimaryCtxReset_v2)
HOOK_PRIMARY(cuDevicePrimaryCtxRelease)
HOOK_PRIMARY(cuDevicePrimaryCtxRelease_v2)

/* Which of the pins were made in a context of this green one is not known: all of them end. */
EXPORT CUresult cuGreenCtxDestroy(CUgreenCtx context);
CUresult cuGreenCtxDestroy(CUgreenCtx context)
{
    typedef CUresult (*fn)(CUgreenCtx);
    lose(by_driver, NULL);
    return REAL(EP_cuGreenCtxDestroy, fn, context);
}

/* --- lookups: by the pointer that the driver returned, so that versions and flags are the driver's business (rule 4)
 * -- */

EXPORT CUresult cuGetProcAddress(const char *name, void **function, int version, cuuint64_t flags);
CUresult cuGetProcAddress(const char *name, void **function, int version, cuuint64_t flags)
{
    typedef CUresult (*fn)(const char *, void **, int, cuuint64_t);
    const CUresult result = REAL(EP_cuGetProcAddress, fn, name, function, version, flags);
    if (result == CUDA_SUCCESS && function)
        *function = driver_route(*function);
    return result;
}

EXPORT CUresult cuGetProcAddress_v2(const char *name, void **function, int version, cuuint64_t flags,
                                    CUdriverProcAddressQueryResult *status);
CUresult cuGetProcAddress_v2(const char *name, void **function, int version, cuuint64_t flags,
                             CUdriverProcAddressQueryResult *status)
{
    typedef CUresult (*fn)(const char *, void **, int, cuuint64_t, CUdriverProcAddressQueryResult *);
    const CUresult result = REAL(EP_cuGetProcAddress_v2, fn, name, function, version, flags, status);
    if (result == CUDA_SUCCESS && function)
        *function = driver_route(*function);
    return result;
}
