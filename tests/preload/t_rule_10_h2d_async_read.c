/* Rule 10: an asynchronous host-to-device copy of more than 64 KiB returns only when the source has been read: the
 * program overwrites it at once, and the device gets the old bytes. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 3 * MIB + 777
};
static CUstream stream;
static CUdeviceptr device;

static CUresult h2d(const void *from, size_t bytes)
{
    return cu.cuMemcpyHtoDAsync_v2(device, from, bytes, stream);
}
static CUresult any(const void *from, size_t bytes)
{
    return cu.cuMemcpyAsync(device, (uintptr_t)from, bytes, stream);
}
static CUresult h2d_per_thread(const void *from, size_t bytes)
{
    return cu.cuMemcpyHtoDAsync_v2_ptsz(device, from, bytes, NULL);
}
static CUresult any_per_thread(const void *from, size_t bytes)
{
    return cu.cuMemcpyAsync_ptsz(device, (uintptr_t)from, bytes, NULL);
}
static CUresult (*const ways[])(const void *, size_t) = {h2d, any, h2d_per_thread, any_per_thread};

static void check_way(char *block, int way, size_t bytes, int seed)
{
    struct gate gate = {0};
    fill(block, bytes, seed);
    if (way < 2)
        OK(cu.cuLaunchHostFunc(stream, wait_for_gate, &gate));
    else
        OK(cu.cuLaunchHostFunc_ptsz(NULL, wait_for_gate, &gate));
    const pthread_t opener = open_soon(&gate);
    OK(ways[way](block, bytes));
    memset(block, 0xee, bytes);
    pthread_join(opener, NULL);
    OK(way < 2 ? cu.cuStreamSynchronize(stream) : cu.cuStreamSynchronize(CU_STREAM_PER_THREAD));
    DEVICE_HOLDS(device, bytes, seed);
}

int main(int argc, char **argv)
{
    const int pinned = argc > 1 && strcmp(argv[1], "pinned") == 0;
    const size_t sizes[] = {BYTES, 64 * KIB + 1, 64 * KIB, 5000};
    begin_client(100);
    device = device_memory(BYTES);
    stream = new_stream();
    char *block = pinned ? promoted_block(BYTES, 1) : malloc(BYTES);
    for (int way = 0; way < 4; way++)
        for (int size = 0; size < 4; size++)
            check_way(block, way, sizes[size], 100 + 10 * way + size);
    if (pinned)
        SAME(sim->copies[SIM_H2D][1][1], 8);
    else
        SAME(sim->copies[SIM_H2D][1][1], 0);
    return 0;
}
