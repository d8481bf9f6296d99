/* Rule 11 when another thread's copy has the block pinned: a small asynchronous copy that began while it was pageable
 * returns while its stream is held up. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 128 * KIB,
    ROUNDS = 1000,
    SMALL = 20000
};

static struct {
    CUcontext context;
    CUdeviceptr device;
    char *block;
    _Atomic int begun, ended; /* rounds */
} shared;

static void linger(int turns)
{
    for (volatile int i = 0; i < turns; i++)
        ;
}

/* Closely, so that both go on at once; but not for a whole turn on a busy machine. */
static void wait_for(_Atomic int *rounds, int round)
{
    for (int spins = 1; atomic_load(rounds) < round; spins++)
        if (spins % 20000 == 0)
            sched_yield();
}

/* The copies that have the blocks promoted. */
static void *promote_all(void *arg)
{
    OK(cu.cuCtxSetCurrent(shared.context));
    for (int round = 1; round <= ROUNDS; round++) {
        wait_for(&shared.begun, round);
        linger(round % 40 * 20);
        OK(cu.cuMemcpyHtoD_v2(shared.device, shared.block, 64));
        atomic_store(&shared.ended, round);
    }
    return arg;
}

int main(void)
{
    pthread_t thread;
    shared.context = begin_client(100);
    CUstream stream = new_stream();
    const CUdeviceptr to = device_memory(SMALL);
    shared.device = device_memory(BYTES);
    SAME(pthread_create(&thread, NULL, promote_all, NULL), 0);
    for (int round = 1; round <= ROUNDS; round++) {
        struct gate gate = {0};
        shared.block = malloc(BYTES); /* and kept: it would be served again, pinned */
        fill(shared.block, SMALL, (uint64_t)round);
        block_stream(stream, &gate);
        atomic_store(&shared.begun, round);
        OK(cu.cuMemcpyHtoDAsync_v2(to, shared.block, SMALL, stream));
        atomic_store(&gate.open, 1);
        wait_for(&shared.ended, round);
        OK(cu.cuStreamSynchronize(stream));
        DEVICE_HOLDS(to, SMALL, (uint64_t)round);
    }
    SAME(pthread_join(thread, NULL), 0);
    CHECK(sim->register_calls > 0);
    return 0;
}
