/* Rule 23: a block that a copy is using is neither unpinned (idle, evicted, handed over) nor recycled, although the
 * copy takes long and other threads do all they can. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};
static CUcontext context;
static CUstream stream;
static CUdeviceptr device;
static char *block;
static struct gate gate;

static void *long_copy(void *unused)
{
    (void)unused;
    OK(cu.cuCtxSetCurrent(context));
    OK(cu.cuMemcpyDtoHAsync_v2(block, device, BYTES, stream)); /* waits behind the gate */
    HOLDS(block, BYTES, 5);
    return NULL;
}

/* Returns when the driver has it. */
static pthread_t begin_long_copy(void)
{
    pthread_t copier;
    const uint64_t async = sim->copies[SIM_D2H][1][1];
    SAME(pthread_create(&copier, NULL, long_copy, NULL), 0);
    while (sim->copies[SIM_D2H][1][1] == async)
        nap_ms(1);
    return copier;
}

static void *hand_over(void *unused)
{
    (void)unused;
    OK(cu.cuCtxSetCurrent(context));
    OK(cu.cuMemHostRegister_v2(block, BYTES, 0));
    CHECK(atomic_load(&gate.open)); /* not before the copy had ended */
    return NULL;
}

int main(void)
{
    pthread_t owner;
    char *other[12];
    context = begin_client(100);
    stream = new_stream();
    device = device_memory(BYTES);
    block = same_site(BYTES);
    memset(block, 0, BYTES);
    promote(block, BYTES);
    fill((void *)(uintptr_t)device, BYTES, 5);
    block_stream(stream, &gate);
    const pthread_t copier = begin_long_copy();
    for (int i = 0; i < 12; i++) { /* the cap is 4 MiB: others come and go */
        const CUdeviceptr scratch = device_memory(BYTES);
        other[i] = same_site(BYTES);
        CHECK(other[i] != block);
        memset(other[i], 9, BYTES);
        for (int copy = 0; copy < 3 + i; copy++)
            OK(cu.cuMemcpyHtoD_v2(scratch, other[i], BYTES));
    }
    nap_ms(1500); /* idle release passes it by */
    SAME(pthread_create(&owner, NULL, hand_over, NULL), 0);
    nap_ms(50);
    atomic_store(&gate.open, 1);
    pthread_join(copier, NULL);
    pthread_join(owner, NULL);
    HOLDS(block, BYTES, 5);
    OK(cu.cuMemHostUnregister(block));
    SAME(sim->violations, 0);

    /* freed by mistake while a copy is under way: still nobody else's until the copy has ended */
    promote(block, BYTES);
    fill((void *)(uintptr_t)device, BYTES, 5);
    block_stream(stream, &gate);
    const pthread_t again = begin_long_copy();
    free(block);
    for (int i = 0; i < 12; i++)
        CHECK((other[i] = same_site(BYTES)) != block);
    atomic_store(&gate.open, 1);
    pthread_join(again, NULL);
    SAME(sim->violation[SIM_V_BUSY_UNREGISTER], 0);
    return 0;
}
