/* The driver as the storm sees it: looked up once, its failures told from injected ones, and places to copy to. */
#define _GNU_SOURCE
#include "storm.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct calls cu;
struct sim_state *sim;

static void map_state(void)
{
    const char *path = getenv("SIMCUDA_STATE");
    const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    sim = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *sim, PROT_READ, MAP_SHARED, fd, 0);
    if (sim == MAP_FAILED)
        wrong(NULL, "SIMCUDA_STATE is not set, or cannot be mapped");
    close(fd);
}

void driver_open(void)
{
    void *handle = dlopen("libcuda.so.1", RTLD_NOW);
    if (!handle)
        wrong(NULL, "no driver: %s", dlerror());
#define X(name, params)                                                                                                \
    if (!(cu.name = (CUresult(*) params)dlsym(handle, #name)))                                                         \
        wrong(NULL, "the driver has no %s", #name);
    STORM_CALLS(X)
#undef X
    map_state();
}

int try_call(struct worker *w, CUresult result, const char *what)
{
    if (result == CUDA_SUCCESS)
        return 1;
    if (!storm.faults)
        wrong(w, "%s answered %d", what, result);
    atomic_fetch_add(&storm.refused, 1);
    return 0;
}

void stream_wait(struct worker *w, CUstream stream)
{
    INSIST(w, cu.cuStreamSynchronize(stream));
}

static int open_array(struct worker *w, struct place *place)
{
    const struct {
        size_t width, height;
        int format;
        unsigned channels;
    } bytes = {ARRAY_BYTES, 0, 1, 1};
    return TRY(w, cu.cuArrayCreate_v2(&place->array, &bytes));
}

/* Memory and streams in the place's context, which becomes the thread's current one.  What cannot be had is had later,
 * by another call. */
int place_open(struct worker *w, struct place *place, size_t device_bytes)
{
    INSIST(w, cu.cuCtxSetCurrent(place->context));
    place->device_bytes = device_bytes;
    place->stream[0] = NULL;
    place->stream[1] = CU_STREAM_PER_THREAD;
    if (!place->device && !TRY(w, cu.cuMemAlloc_v2(&place->device, device_bytes)))
        return 0;
    if (!place->array && !open_array(w, place))
        return 0;
    for (int i = OWN_STREAM; i < STREAMS; i++)
        if (!place->stream[i] && !TRY(w, cu.cuStreamCreate(&place->stream[i], i == OWN_STREAM)))
            return 0;
    INSIST(w, cu.cuCtxSetCurrent(w->at->context));
    return 1;
}

void place_close(struct worker *w, struct place *place)
{
    INSIST(w, cu.cuCtxSetCurrent(place->context));
    for (int i = OWN_STREAM; i < STREAMS; i++)
        if (place->stream[i])
            INSIST(w, cu.cuStreamDestroy_v2(place->stream[i]));
    if (place->array)
        INSIST(w, cu.cuArrayDestroy(place->array));
    if (place->device)
        INSIST(w, cu.cuMemFree_v2(place->device));
    *place = (struct place){.context = place->context};
}
