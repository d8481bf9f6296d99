/* Rule 12 for default streams: a copy on a thread's own default stream is waited for there, and neither on the legacy
 * stream nor on another thread's. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};

struct other {
    CUcontext context;
    struct gate gate;
};

/* Holds up this thread's default stream. */
static void *hold_up(void *arg)
{
    struct other *other = arg;
    OK(cu.cuCtxSetCurrent(other->context));
    OK(cu.cuLaunchHostFunc_ptsz(NULL, wait_for_gate, &other->gate));
    while (!atomic_load(&other->gate.entered))
        nap_ms(1);
    return NULL;
}

/* On a legacy default stream this would hang: that waits for all the others. */
static void copies_beside(struct other *other, char *block, CUdeviceptr device)
{
    pthread_t thread;
    SAME(pthread_create(&thread, NULL, hold_up, other), 0);
    SAME(pthread_join(thread, NULL), 0);
    for (int i = 1; i < 4; i++) {
        fill(block, BYTES, (uint64_t)i);
        OK(cu.cuMemcpyHtoDAsync_v2_ptsz(device, block, BYTES, NULL));
        memset(block, 0, BYTES);
        OK(cu.cuMemcpyDtoHAsync_v2_ptsz(block, device, BYTES, NULL));
        HOLDS(block, BYTES, (uint64_t)i);
    }
    atomic_store(&other->gate.open, 1);
    OK(cu.cuCtxSynchronize());
}

/* And it is waited for: what held it up has ended when the copy returns. */
static void copies_behind(char *block, CUdeviceptr device, int per_thread)
{
    struct gate gate = {0};
    OK((per_thread ? cu.cuLaunchHostFunc_ptsz : cu.cuLaunchHostFunc)(NULL, wait_for_gate, &gate));
    fill((void *)(uintptr_t)device, BYTES, 50);
    memset(block, 0, BYTES);
    const pthread_t opener = open_soon(&gate);
    OK((per_thread ? cu.cuMemcpyDtoHAsync_v2_ptsz : cu.cuMemcpyDtoHAsync_v2)(block, device, BYTES, NULL));
    HOLDS(block, BYTES, 50);
    SAME(pthread_join(opener, NULL), 0);
}

int main(void)
{
    struct other other = {.context = begin_client(100)};
    char *block = promoted_block(BYTES, 1);
    const CUdeviceptr device = device_memory(BYTES);
    copies_beside(&other, block, device);
    copies_behind(block, device, 1);
    copies_behind(block, device, 0);
    free(block);
    return 0;
}
