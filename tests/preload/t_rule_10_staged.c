/* Rule 10 for staged copies: what an asynchronous copy brings has arrived when it returns; the source of one to the
 * device may be overwritten then, although the copy itself still waits for its stream; and a copy between host memories
 * is over. */
#define _GNU_SOURCE
#include "sim_client_staged.h"

enum {
    BYTES = 700 * KIB + 77, /* three chunks */
    ROW = 4                 /* copies in a row: there are slots for all of them */
};
static CUdeviceptr device;
static CUstream stream;

static void hold_up(struct gate *gate, int per_thread)
{
    OK((per_thread ? cu.cuLaunchHostFunc_ptsz : cu.cuLaunchHostFunc)(per_thread ? NULL : stream, wait_for_gate, gate));
}
static CUresult wait_for(int per_thread)
{
    return cu.cuStreamSynchronize(per_thread ? CU_STREAM_PER_THREAD : stream);
}

/* They return while the stream stands still: that has room for them in its slots. */
static void several_in_a_row(int shape, char *host)
{
    struct gate gate = {0};
    const int per_thread = shape & 8;
    hold_up(&gate, per_thread);
    for (int i = 0; i < ROW; i++) {
        fill(host, BYTES, (uint64_t)(shape * 10 + i));
        CHECK(goes_staged(shape, host, device + (CUdeviceptr)i * BYTES, BYTES, per_thread ? NULL : stream));
        memset(host, 0xee, BYTES);
    }
    SAME(gate.open, 0);
    atomic_store(&gate.open, 1);
    OK(wait_for(per_thread));
    for (int i = 0; i < ROW; i++)
        DEVICE_HOLDS(device + (CUdeviceptr)i * BYTES, BYTES, (uint64_t)(shape * 10 + i));
}

/* Larger than all slots: it waits for the stream. */
static void larger_than_the_slots(int shape, char *host)
{
    struct gate gate = {0};
    const size_t bytes = 20 * MIB + 3;
    fill(host, bytes, 7);
    hold_up(&gate, shape & 8);
    const pthread_t opener = open_soon(&gate);
    CHECK(goes_staged(shape, host, device, bytes, shape & 8 ? NULL : stream));
    memset(host, 0xee, bytes);
    pthread_join(opener, NULL);
    OK(wait_for(shape & 8));
    DEVICE_HOLDS(device, bytes, 7);
}

/* What is copied is what the stream writes before: the copy waits for it. */
static void arrives(int shape, char *host)
{
    struct gate gate = {0};
    fill((void *)(uintptr_t)device, BYTES, 9);
    memset(host, 0, BYTES);
    hold_up(&gate, shape & 8);
    const pthread_t opener = open_soon(&gate);
    CHECK(goes_staged(shape, host, device, BYTES, shape & 8 ? NULL : stream));
    CHECK(gate.open);
    HOLDS(host, BYTES, 9);
    pthread_join(opener, NULL);
}

static uint64_t between_hosts(void)
{
    return sim->copies[SIM_H2H][0][0] + sim->copies[SIM_H2H][0][1] + sim->copies[SIM_H2H][1][0] +
           sim->copies[SIM_H2H][1][1];
}

/* Pinned host memory is no device: such a copy is over when it returns, and is made in one. */
static void host_to_host(char *host)
{
    char *pinned = NULL, *registered = mapped(BYTES);
    OK(cu.cuMemHostAlloc((void **)&pinned, BYTES, 0));
    OK(cu.cuMemHostRegister_v2(registered, BYTES, 0));
    for (int i = 0; i < 2; i++) {
        char *known = i ? registered : pinned;
        struct gate gate = {0};
        const uint64_t before = between_hosts();
        fill(host, BYTES, 20 + i);
        memset(known, 0, BYTES);
        hold_up(&gate, 0);
        const pthread_t opener = open_soon(&gate);
        OK(cu.cuMemcpyAsync((CUdeviceptr)(uintptr_t)known, (CUdeviceptr)(uintptr_t)host, BYTES, stream));
        HOLDS(known, BYTES, 20 + i);
        pthread_join(opener, NULL);
        memset(host, 0, BYTES);
        OK(cu.cuMemcpyAsync((CUdeviceptr)(uintptr_t)host, (CUdeviceptr)(uintptr_t)known, BYTES, stream));
        HOLDS(host, BYTES, 20 + i);
        SAME(between_hosts(), before + 2);
    }
    OK(cu.cuMemHostUnregister(registered));
    OK(cu.cuMemFreeHost(pinned));
}

static void check(char *host)
{
    for (int shape = 0; shape < SHAPES; shape++) {
        if (!is_async(shape))
            continue;
        if (to_host(shape)) {
            arrives(shape, host);
        } else {
            several_in_a_row(shape, host);
            larger_than_the_slots(shape, host);
        }
    }
    host_to_host(host);
}

int main(void)
{
    begin_client(100);
    device = device_memory(21 * MIB);
    stream = new_stream();
    char *warm = mapped(21 * MIB);
    OK(cu.cuMemcpyHtoD_v2(device, warm, 20 * MIB)); /* slots exist, as many as one copy uses */
    check(warm);
    check(malloc(21 * MIB)); /* a PLAIN block */
    SAME(sim->violations, 0);
    return 0;
}
