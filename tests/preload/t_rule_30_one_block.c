/* Rule 30: many threads copy from and to one block at once, before, during and after its promotion: every byte right,
 * one registration. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    PART = 256 * KIB,
    MOST = 8,
    ROUNDS = 25
};
static CUcontext context;
static char *block;
static int n_threads;
static pthread_barrier_t barrier;

static void *copier(void *arg)
{
    const int me = (int)(intptr_t)arg;
    OK(cu.cuCtxSetCurrent(context));
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(PART);
    char *back = mmap(NULL, PART, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&barrier);
        char *part = block + (size_t)me * PART;
        for (int i = 0; i < 6; i++) {
            fill(part, PART, round * 100 + me * 10 + i);
            OK(i % 2 ? cu.cuMemcpyHtoD_v2(device, part, PART) : cu.cuMemcpyHtoDAsync_v2(device, part, PART, stream));
            memset(part, 0, PART);
            OK(cu.cuStreamSynchronize(stream));
            OK(i % 3 ? cu.cuMemcpyDtoHAsync_v2(part, device, PART, stream) : cu.cuMemcpyDtoH_v2(part, device, PART));
            HOLDS(part, PART, round * 100 + me * 10 + i);
        }
        pthread_barrier_wait(&barrier);
        for (int i = 0; i < 2; i++) { /* all of them the same bytes */
            OK(cu.cuMemcpyHtoDAsync_v2(device, block, PART, stream));
            OK(cu.cuMemcpyDtoHAsync_v2(back, device, PART, stream));
            OK(cu.cuStreamSynchronize(stream));
            HOLDS(back, PART, round * 100 + 5);
        }
        pthread_barrier_wait(&barrier);
        if (me == 0) {
            free(block);
            block = malloc((size_t)MOST * PART + (size_t)(round % 5) * PART);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[MOST];
    n_threads = argc > 1 ? atoi(argv[1]) : 2;
    context = begin_client(100);
    pthread_barrier_init(&barrier, NULL, (unsigned)n_threads);
    block = malloc((size_t)MOST * PART);
    for (int i = 0; i < n_threads; i++)
        SAME(pthread_create(&threads[i], NULL, copier, (void *)(intptr_t)i), 0);
    for (int i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    CHECK(sim->register_calls > 0 && sim->register_calls <= ROUNDS);
    SAME(sim->straddles, 0);
    return 0;
}
