/* async = relaxed: copies in flight in one context, of blocks that are pinned in another one, when first their own
 * context and then the other one ends (rules 23 and 27); and when the program registers their block itself (rule 25).
 */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 512 * KIB,
    ROUNDS = 12,
    STREAMS = 3
};
static char *source[STREAMS], *target[STREAMS];

/* Copies that are still going on when this returns. */
static void copies_in_flight(const CUstream *streams)
{
    const CUdeviceptr device = device_memory((size_t)STREAMS * BYTES);
    for (int i = 0; i < STREAMS; i++) {
        const CUdeviceptr part = device + (size_t)i * BYTES;
        OK(cu.cuMemcpyHtoDAsync_v2(part, source[i], BYTES, streams[i]));
        OK(cu.cuMemcpyDtoHAsync_v2(target[i], part, BYTES, streams[i]));
    }
}

static uint64_t calls_of(const char *name)
{
    for (uint64_t i = 0; i < SIM_STATE_CALLS; i++)
        if (strcmp(sim->call[i].name, name) == 0)
            return sim->call[i].calls;
    check_failed(__FILE__, __LINE__, name, 0, 1);
}

/* None is left behind in a context that has ended: it would be asked about, or used again, after its end. */
static void no_events_left(void)
{
    SAME(calls_of("cuEventCreate"), calls_of("cuEventDestroy_v2"));
}

static void contexts_end(int round)
{
    struct gate gate = {0};
    CUstream streams[STREAMS];
    CUcontext pinning = new_context();
    for (int i = 0; i < STREAMS; i++) {
        fill(source[i], BYTES, round * 10 + i);
        memset(target[i], 0, BYTES);
        promote(source[i], BYTES);
        promote(target[i], BYTES);
    }
    CUcontext copying = new_context();
    for (int i = 0; i < STREAMS; i++)
        streams[i] = new_stream();
    block_stream(streams[round % STREAMS], &gate);
    copies_in_flight(streams);
    SAME(atomic_load(&gate.open), 0); /* they do overlap */
    const pthread_t opener = open_soon(&gate);
    OK(cu.cuCtxDestroy_v2(copying));
    no_events_left();
    for (int i = 0; i < STREAMS; i++) {
        HOLDS(target[i], BYTES, round * 10 + i);
        HOLDS(source[i], BYTES, round * 10 + i);
    }
    SAME(sim->registered_regions, 2 * STREAMS); /* the pins are the other context's */
    OK(cu.cuCtxDestroy_v2(pinning));
    SAME(sim->registered_regions, 0);
    SAME(sim->leaked_registrations, 0);
    pthread_join(opener, NULL);
}

/* The other way round: the pins end while copies in a context that stays are in flight. */
static void pins_end_first(int round)
{
    struct gate gate = {0};
    CUstream streams[STREAMS];
    CUcontext copying = new_context();
    for (int i = 0; i < STREAMS; i++)
        streams[i] = new_stream();
    CUcontext pinning = new_context();
    for (int i = 0; i < STREAMS; i++) {
        fill(source[i], BYTES, round * 10 + i);
        promote(source[i], BYTES);
        promote(target[i], BYTES);
    }
    OK(cu.cuCtxSetCurrent(copying));
    block_stream(streams[0], &gate);
    copies_in_flight(streams);
    const pthread_t opener = open_soon(&gate);
    OK(cu.cuCtxDestroy_v2(pinning)); /* waits for the copies, or else would unpin under them */
    SAME(sim->registered_regions, 0);
    for (int i = 0; i < STREAMS; i++)
        HOLDS(target[i], BYTES, round * 10 + i);
    OK(cu.cuCtxDestroy_v2(copying));
    no_events_left();
    pthread_join(opener, NULL);
}

static void registered_meanwhile(int round)
{
    struct gate gate = {0};
    CUcontext context = new_context();
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(BYTES);
    fill(source[0], BYTES, round);
    promote(source[0], BYTES);
    block_stream(stream, &gate);
    OK(cu.cuMemcpyHtoDAsync_v2(device, source[0], BYTES, stream));
    SAME(atomic_load(&gate.open), 0);
    const pthread_t opener = open_soon(&gate);
    OK(cu.cuMemHostRegister_v2(source[0], BYTES, 0));
    DEVICE_HOLDS(device, BYTES, round); /* autopin's own pin had to end for that, and the copy before it */
    fill(source[0], BYTES, round + 1);
    OK(cu.cuMemcpyHtoDAsync_v2(device, source[0], BYTES, stream));
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, BYTES, round + 1);
    OK(cu.cuMemHostUnregister(source[0]));
    pthread_join(opener, NULL);
    OK(cu.cuCtxDestroy_v2(context));
    no_events_left();
}

int main(void)
{
    alarm(100);
    bind_driver();
    OK(cu.cuInit(0));
    for (int i = 0; i < STREAMS; i++) {
        source[i] = malloc(BYTES);
        target[i] = malloc(BYTES);
    }
    for (int round = 0; round < ROUNDS; round++) {
        contexts_end(round);
        if (round % 3 == 0)
            registered_meanwhile(round);
        if (round % 3 == 1)
            pins_end_first(round);
    }
    SAME(sim->violations, 0);
    SAME(sim->leaked_registrations, 0);
    CHECK(calls_of("cuEventCreate") > ROUNDS); /* or this run proves less than it says */
    return 0;
}
