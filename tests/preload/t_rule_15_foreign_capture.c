/* Rule 15: while one thread captures in global mode, nothing that autopin does in others (pins, unpins, waits, frees)
 * invalidates that capture, and copies that succeed without autopin succeed with it. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 512 * KIB,
    CAPTURES = 30
};
static atomic_int stop, ready;
static CUcontext context;
static _Atomic uint64_t copied;

/* Only asynchronous copies: the synchronous ones are forbidden meanwhile, whoever makes them. */
static void *copier(void *arg)
{
    const CUdeviceptr device = (CUdeviceptr)(uintptr_t)arg;
    OK(cu.cuCtxSetCurrent(context));
    CUstream stream = new_stream();
    atomic_fetch_add(&ready, 1);
    for (int i = 0; !atomic_load(&stop); i++) {
        char *block = malloc(BYTES + (size_t)(i % 4) * 64 * KIB);
        for (int copy = 0; copy < 4; copy++) {
            fill(block, BYTES, i + copy);
            OK(cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, stream));
            memset(block, 0, BYTES);
            OK(cu.cuMemcpyDtoHAsync_v2(block, device, BYTES, stream));
            HOLDS(block, BYTES, i + copy);
            atomic_fetch_add(&copied, 1);
        }
        free(block);
    }
    return NULL;
}

static void capture_once(char *block, CUdeviceptr device, CUstream stream)
{
    CUgraph graph = NULL;
    const uint64_t before = copied;
    OK(cu.cuStreamBeginCapture_v2(stream, 0)); /* global */
    OK(cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, stream));
    while (copied < before + 10)
        nap_ms(1);
    OK(cu.cuMemcpyDtoHAsync_v2(block, device, BYTES, stream));
    OK(cu.cuStreamEndCapture(stream, &graph));
    OK(cu.cuGraphDestroy(graph));
}

int main(void)
{
    pthread_t threads[2];
    context = begin_client(100);
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(BYTES);
    char *block = malloc(BYTES), *warm = malloc(BYTES);
    OK(cu.cuMemcpyHtoD_v2(device, warm, BYTES));
    for (int i = 0; i < 2; i++)
        SAME(pthread_create(&threads[i], NULL, copier, (void *)(uintptr_t)device_memory(BYTES)), 0);
    while (atomic_load(&ready) < 2) /* their streams exist */
        nap_ms(1);
    for (int i = 0; i < CAPTURES; i++)
        capture_once(block, device, stream);
    atomic_store(&stop, 1);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    SAME(sim->captures_invalidated, 0);
    SAME(sim->captures_begun, CAPTURES);
    if (getenv("LD_PRELOAD") && *getenv("LD_PRELOAD"))
        CHECK(sim->register_calls > 1);
    return 0;
}
