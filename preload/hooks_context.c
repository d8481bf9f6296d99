/* Hooks of contexts that end, and of lookups.  Blocks pinned in a context are unpinned before it goes (rule 27); what
 * the application registered there itself is gone with it. */
#include <stdatomic.h>

#include "app_ranges.h"
#include "driver.h"
#include "flight.h"
#include "hooks_register.h"
#include "life.h"
#include "policy/engine.h"
#include "policy/record.h"
#include "self.h"
#include "stage.h"
#include "stage_ring.h"

static int pinned_there(const struct block *block, const void *ending)
{
    return block->pin_backend == BACKEND_CUDA && ending_covers(ending, block->pin_context);
}

/* Before contexts end. */
static void leave(const struct ending *ending)
{
    if (self.busy || !life_is_on())
        return;
    if (engine_enter()) {
        stage_begin_end(ending);
        ring_end(ending);
        flight_end(ending); /* whatever the backend: copies of blocks that mlock holds may have been waited for */
        engine_leave();
    }
    if (engine_backend() != BACKEND_CUDA)
        return;
    count_add(&record.totals.context_losses, 1);
    engine_lose_matching(pinned_there, ending);
}

/* After they have. */
static CUresult ended(const struct ending *ending, CUresult result)
{
    if (result == CUDA_SUCCESS && !self.busy && life_is_on())
        app_ranges_end(ending, register_ended);
    return result;
}

/* --- contexts of the application's own ------------------------------------------------------------------------------
 */

static CUresult destroy(enum entry_id id, CUcontext context)
{
    typedef CUresult (*fn)(CUcontext);
    const struct ending ending = {context};
    if (!context)
        return REAL(id, fn, context);
    leave(&ending);
    return ended(&ending, REAL(id, fn, context));
}

EXPORT CUresult cuCtxDestroy(CUcontext context);
CUresult cuCtxDestroy(CUcontext context)
{
    return destroy(EP_cuCtxDestroy, context);
}

EXPORT CUresult cuCtxDestroy_v2(CUcontext context);
CUresult cuCtxDestroy_v2(CUcontext context)
{
    return destroy(EP_cuCtxDestroy_v2, context);
}

/* Whether that was the last use of the context is not known. */
EXPORT CUresult cuCtxDetach(CUcontext context);
CUresult cuCtxDetach(CUcontext context)
{
    typedef CUresult (*fn)(CUcontext);
    if (context)
        leave(&(const struct ending){context});
    return REAL(EP_cuCtxDetach, fn, context);
}

/* A driver that cannot say which context belongs to the green one: then any may, and all pins end. */
static CUcontext context_of(CUgreenCtx green)
{
    CUcontext context = NULL;
    (void)REAL(EP_cuCtxFromGreenCtx, CUresult(*)(CUcontext *, CUgreenCtx), &context, green);
    return context;
}

EXPORT CUresult cuGreenCtxDestroy(CUgreenCtx context);
CUresult cuGreenCtxDestroy(CUgreenCtx context)
{
    typedef CUresult (*fn)(CUgreenCtx);
    if (context)
        leave(&(const struct ending){context_of(context)});
    return REAL(EP_cuGreenCtxDestroy, fn, context);
}

/* --- primary contexts: counted references ---------------------------------------------------------------------------
 */

enum {
    DEVICES_MOST = 64
};
/* As far as autopin has seen. */
static _Atomic int retained[DEVICES_MOST];
static CUcontext _Atomic handles[DEVICES_MOST];

static int is_counted(CUdevice device)
{
    return device >= 0 && device < DEVICES_MOST;
}

EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device);
CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    typedef CUresult (*fn)(CUcontext *, CUdevice);
    const CUresult result = REAL(EP_cuDevicePrimaryCtxRetain, fn, context, device);
    if (result == CUDA_SUCCESS && is_counted(device)) {
        atomic_store(&handles[device], *context);
        atomic_fetch_add(&retained[device], 1);
    }
    return result;
}

/* One reference less; returns how many there were as far as is known. */
static int drop_reference(CUdevice device)
{
    int seen = is_counted(device) ? atomic_load(&retained[device]) : 0;
    while (seen > 0 && !atomic_compare_exchange_weak(&retained[device], &seen, seen - 1))
        ;
    return seen;
}

static int is_active(CUdevice device)
{
    typedef CUresult (*fn)(CUdevice, unsigned *, int *);
    unsigned flags;
    int active = 0;
    return REAL(EP_cuDevicePrimaryCtxGetState, fn, device, &flags, &active) == CUDA_SUCCESS && active;
}

/* The device's primary context, if there is one now. */
static CUcontext primary(CUdevice device)
{
    CUcontext context = is_counted(device) ? atomic_load(&handles[device]) : NULL;
    if (context || self.busy || !life_is_on() || !is_active(device) ||
        REAL(EP_cuDevicePrimaryCtxRetain, CUresult(*)(CUcontext *, CUdevice), &context, device) != CUDA_SUCCESS)
        return context;
    (void)REAL(EP_cuDevicePrimaryCtxRelease, CUresult(*)(CUdevice), device);
    return context;
}

/* The last one ends the context.  In doubt it is the last: then pins end early, no more. */
static CUresult release(enum entry_id id, CUdevice device)
{
    typedef CUresult (*fn)(CUdevice);
    const int references = drop_reference(device);
    const struct ending ending = {references <= 1 ? primary(device) : NULL};
    if (ending.context)
        leave(&ending);
    const CUresult result = REAL(id, fn, device);
    if (result != CUDA_SUCCESS && references > 0)
        atomic_fetch_add(&retained[device], 1);
    return ending.context && !is_active(device) ? ended(&ending, result) : result;
}

static CUresult reset(enum entry_id id, CUdevice device)
{
    typedef CUresult (*fn)(CUdevice);
    const struct ending ending = {primary(device)};
    if (ending.context)
        leave(&ending);
    const CUresult result = REAL(id, fn, device);
    return ending.context ? ended(&ending, result) : result;
}

EXPORT CUresult cuDevicePrimaryCtxRelease(CUdevice device);
CUresult cuDevicePrimaryCtxRelease(CUdevice device)
{
    return release(EP_cuDevicePrimaryCtxRelease, device);
}

EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device);
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
    return release(EP_cuDevicePrimaryCtxRelease_v2, device);
}

EXPORT CUresult cuDevicePrimaryCtxReset(CUdevice device);
CUresult cuDevicePrimaryCtxReset(CUdevice device)
{
    return reset(EP_cuDevicePrimaryCtxReset, device);
}

EXPORT CUresult cuDevicePrimaryCtxReset_v2(CUdevice device);
CUresult cuDevicePrimaryCtxReset_v2(CUdevice device)
{
    return reset(EP_cuDevicePrimaryCtxReset_v2, device);
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
