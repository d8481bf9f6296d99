/* Owns the lookup of entry points by name and version, error names, and the export tables there are none of.
 *
 * No lock: the table is constant.  What is returned is the exported function itself. */
#define _GNU_SOURCE
#include "sim.h"

#include <string.h>

enum {
    FLAG_LEGACY = 1,
    FLAG_PER_THREAD = 2,
    FOUND = 0,
    NO_SUCH_NAME = 1,
    TOO_OLD = 2
};

/* The newest generation the version allows; with the flag, its per-thread form where the function has one. */
static const struct sim_export *find(const char *name, int version, bool per_thread, int *status)
{
    const struct sim_export *best = NULL;
    *status = NO_SUCH_NAME;
    for (int i = 0; i < SIM_NAMES; i++) {
        const struct sim_export *e = &sim_exports[i];
        if (e->since == 0 || e->per_thread != per_thread || strcmp(e->base, name) != 0)
            continue;
        if (e->since <= version && (!best || e->generation > best->generation))
            best = e;
        *status = TOO_OLD;
    }
    if (best)
        *status = FOUND;
    return best;
}

static CUresult get(const char *name, void **out, int version, cuuint64_t flags, int *status)
{
    int found = NO_SUCH_NAME;
    if (!name || !out || flags > FLAG_PER_THREAD)
        return CUDA_ERROR_INVALID_VALUE;
    const struct sim_export *e = flags == FLAG_PER_THREAD ? find(name, version, true, &found) : NULL;
    if (!e)
        e = find(name, version, false, &found);
    if (status)
        *status = found;
    if (!e)
        return CUDA_ERROR_NOT_FOUND;
    *out = e->address;
    return CUDA_SUCCESS;
}

CUresult cuGetProcAddress(const char *name, void **out, int version, cuuint64_t flags)
{
    ENTER(cuGetProcAddress, EN_TRIVIAL);
    return get(name, out, version, flags, NULL);
}

CUresult cuGetProcAddress_v2(const char *name, void **out, int version, cuuint64_t flags,
                             CUdriverProcAddressQueryResult *status)
{
    ENTER(cuGetProcAddress_v2, EN_TRIVIAL);
    return get(name, out, version, flags, status);
}

/* The runtime asks here whether the driver is genuine.  This one is not, and says nothing. */
CUresult cuGetExportTable(const void **table, const void *id)
{
    (void)table;
    (void)id;
    ENTER(cuGetExportTable, EN_TRIVIAL);
    return CUDA_ERROR_NOT_FOUND;
}

static const struct {
    CUresult code;
    const char *name, *text;
} errors[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_DEINITIALIZED, "CUDA_ERROR_DEINITIALIZED", "driver shutting down"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {SIM_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CUDA_ERROR_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {SIM_ERROR_ILLEGAL_STATE, "CUDA_ERROR_ILLEGAL_STATE", "the operation cannot be performed in the present state"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {SIM_ERROR_PRIMARY_CONTEXT_ACTIVE, "CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE",
     "cannot set while device is active in this process"},
    {CUDA_ERROR_CONTEXT_IS_DESTROYED, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED",
     "part or all of the requested memory range is already mapped"},
    {CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED",
     "pointer does not correspond to a registered memory region"},
    {CUDA_ERROR_NOT_PERMITTED, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"},
    {CUDA_ERROR_NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {SIM_ERROR_STREAM_CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {SIM_ERROR_STREAM_CAPTURE_MERGE, "CUDA_ERROR_STREAM_CAPTURE_MERGE",
     "operation would result in a merge of separate capture sequences"},
    {SIM_ERROR_STREAM_CAPTURE_UNMATCHED, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED",
     "capture was not ended in the same stream as it began"},
    {SIM_ERROR_STREAM_CAPTURE_UNJOINED, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {SIM_ERROR_STREAM_CAPTURE_ISOLATION, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
     "dependency created on uncaptured work in another stream"},
    {SIM_ERROR_STREAM_CAPTURE_IMPLICIT, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
     "operation would make the legacy stream depend on a capturing blocking stream"},
    {SIM_ERROR_CAPTURED_EVENT, "CUDA_ERROR_CAPTURED_EVENT",
     "operation not permitted on an event last recorded in a capturing stream"},
    {SIM_ERROR_STREAM_CAPTURE_WRONG_THREAD, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD",
     "attempt to terminate a thread-local capture sequence from another thread"},
    {CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

static CUresult name_error(CUresult code, const char **out, bool text)
{
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    *out = NULL;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code)
            *out = text ? errors[i].text : errors[i].name;
    return *out ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult code, const char **out)
{
    ENTER(cuGetErrorString, EN_TRIVIAL);
    return name_error(code, out, true);
}

CUresult cuGetErrorName(CUresult code, const char **out)
{
    ENTER(cuGetErrorName, EN_TRIVIAL);
    return name_error(code, out, false);
}
