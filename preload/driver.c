/* The table of driver functions and its lookups.  See driver.h. */
#define _GNU_SOURCE
#include "driver.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "next.h"
#include "record_file.h"
#include "self.h"

/* Only their addresses are taken here: the prototypes are where they are defined. */
#define DECLARE_LIBC(name)
#define DECLARE_HOOK(name)  EXPORT extern void name(void);
#define DECLARE_GUARD(name) EXPORT extern void name(void);
#define DECLARE_PASS(name)
#define DECLARE_USE(name)
#define ENTRY(name, group, kind, since, reason) DECLARE_##kind(name)
#include "entry_points.def"
#undef ENTRY

struct entry {
    const char *name;
    void *hook; /* NULL: autopin only calls it */
};

#define ROW_LIBC(name)
#define ROW_HOOK(name)  {#name, (void *)name},
#define ROW_GUARD(name) {#name, (void *)name},
#define ROW_PASS(name)
#define ROW_USE(name)                           {#name, NULL},
#define ENTRY(name, group, kind, since, reason) ROW_##kind(name)
static const struct entry entries[EP_COUNT] = {
#include "entry_points.def"
};
#undef ENTRY

static void *real[EP_COUNT];
static _Atomic int bound;

static enum entry_id find_name(const char *name)
{
    if (name[0] != 'c' || name[1] != 'u')
        return EP_COUNT;
    for (int id = 0; id < EP_COUNT; id++)
        if (entries[id].hook && strcmp(entries[id].name, name) == 0)
            return (enum entry_id)id;
    return EP_COUNT;
}

int driver_knows(const char *name)
{
    return find_name(name) != EP_COUNT;
}

int driver_bind(void)
{
    if (atomic_load_explicit(&bound, memory_order_acquire))
        return 1;
    const dlsym_fn look_up = next_dlsym();
    self_enter();
    void *lib = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    for (int id = 0; lib && id < EP_COUNT; id++)
        real[id] = look_up(lib, entries[id].name);
    if (lib) { /* threads that come at once write the same; the reference is kept: the driver stays loaded */
        atomic_store_explicit(&bound, 1, memory_order_release);
    }
    self_leave();
    return lib != NULL;
}

int driver_is_hook(const void *function)
{
    for (int id = 0; function && id < EP_COUNT; id++)
        if (entries[id].hook == function)
            return 1;
    return 0;
}

void *driver_real(enum entry_id id)
{
    return driver_bind() ? real[id] : NULL;
}

void *driver_route(void *found)
{
    if (!found || !driver_bind())
        return found;
    for (int id = 0; id < EP_COUNT; id++)
        if (real[id] == found && entries[id].hook)
            return entries[id].hook;
    return found;
}

void *driver_route_name(const char *name, void *found)
{
    const enum entry_id id = find_name(name);
    return id != EP_COUNT && found && driver_bind() && real[id] == found ? entries[id].hook : NULL;
}

int driver_error(CUresult result)
{
    switch (result) {
    case CUDA_SUCCESS:
        return 0;
    case CUDA_ERROR_OUT_OF_MEMORY:
        return -ENOMEM;
    case CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED:
        return -EBUSY;
    case CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED:
        return -ENOENT;
    case CUDA_ERROR_NOT_SUPPORTED:
        return -EOPNOTSUPP;
    case CUDA_ERROR_INVALID_VALUE:
        return -EINVAL;
    default:
        return -EIO;
    }
}

typedef CUresult (*mode_fn)(CUstreamCaptureMode *);

enum {
    MODE_KEPT = -1, /* the driver would not change it */
    INSIST_TIMES = 3
};

CUstreamCaptureMode driver_relax_captures(void)
{
    CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
    return REAL(EP_cuThreadExchangeStreamCaptureMode, mode_fn, &mode) == CUDA_SUCCESS ? mode : MODE_KEPT;
}

/* What belongs to the program's thread is put back, even if the driver has to be asked again. */
void driver_restore_captures(CUstreamCaptureMode mode)
{
    if (mode == MODE_KEPT)
        return;
    for (int i = 0; i < INSIST_TIMES; i++)
        if (REAL(EP_cuThreadExchangeStreamCaptureMode, mode_fn, &mode) == CUDA_SUCCESS)
            return;
}

int driver_enter(void *context, CUstreamCaptureMode *mode)
{
    typedef CUresult (*push_fn)(CUcontext);
    const int rc = driver_error(REAL(EP_cuCtxPushCurrent_v2, push_fn, (CUcontext)context));
    if (rc == 0)
        *mode = driver_relax_captures();
    return rc;
}

void driver_leave(CUstreamCaptureMode mode)
{
    typedef CUresult (*pop_fn)(CUcontext *);
    CUcontext ignored;
    driver_restore_captures(mode);
    for (int i = 0; i < INSIST_TIMES; i++)
        if (REAL(EP_cuCtxPopCurrent_v2, pop_fn, &ignored) == CUDA_SUCCESS)
            return;
}

CUcontext driver_context(void)
{
    CUcontext context = NULL;
    (void)REAL(EP_cuCtxGetCurrent, CUresult(*)(CUcontext *), &context);
    return context;
}

static char description[112];
static int simulated;

void driver_describe(void)
{
    int version = 0;
    char device[64] = "";
    (void)REAL(EP_cuDriverGetVersion, CUresult(*)(int *), &version);
    (void)REAL(EP_cuDeviceGetName, CUresult(*)(char *, int, CUdevice), device, (int)sizeof device - 1, 0);
    simulated = strcasestr(device, "simulated") != NULL;
    snprintf(description, sizeof description, "libcuda.so.1 %d.%d, %s", version / 1000, version % 1000 / 10, device);
    record_file_driver(description, simulated);
}

const char *driver_description(void)
{
    return description;
}

int driver_is_simulated(void)
{
    return simulated;
}
