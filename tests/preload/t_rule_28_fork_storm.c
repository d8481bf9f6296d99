/* Rule 28 while others copy, allocate and have blocks pinned: children allocate and free at once and never hang; the
 * copies of the parent stay right. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 256 * KIB,
    FORKS = 60
};
static CUcontext context;
static atomic_int stop;

static void *copier(void *arg)
{
    const uint64_t seed = (uint64_t)(uintptr_t)arg;
    OK(cu.cuCtxSetCurrent(context));
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(BYTES);
    for (uint64_t i = 0; !atomic_load(&stop); i++) {
        char *block = malloc(BYTES + i % 5 * 65536);
        for (int copy = 0; copy < 4; copy++) {
            fill(block, BYTES, seed + i);
            OK(cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, stream));
            memset(block, 0, BYTES);
            OK(cu.cuMemcpyDtoHAsync_v2(block, device, BYTES, stream));
            HOLDS(block, BYTES, seed + i);
        }
        free(block);
    }
    return NULL;
}

static void child(void)
{
    alarm(100);
    for (int i = 0; i < 10; i++) {
        char *block = malloc(BYTES + (size_t)i * 65536);
        fill(block, BYTES, i);
        HOLDS(block, BYTES, i);
        free(block);
    }
    _exit(0);
}

int main(void)
{
    pthread_t threads[3];
    context = begin_client(100);
    for (int i = 0; i < 3; i++)
        SAME(pthread_create(&threads[i], NULL, copier, (void *)(uintptr_t)(i * 1000000)), 0);
    for (int i = 0; i < FORKS; i++) {
        int status = 0;
        const pid_t pid = fork();
        if (pid == 0)
            child();
        SAME(waitpid(pid, &status, 0), pid);
        SAME(status, 0);
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    SAME(sim->violations, 0);
    CHECK(sim->register_calls > 0);
    return 0;
}
