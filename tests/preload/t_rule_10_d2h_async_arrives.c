/* Rule 10: an asynchronous device-to-host copy to host memory that the program believes pageable returns only when the
 * data has arrived, whether the block is pinned, being pinned or plain.  The stream is held up meanwhile. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 2 * MIB + 12345
};
static CUstream stream;
static CUdeviceptr device;

static CUresult d2h(void *to)
{
    return cu.cuMemcpyDtoHAsync_v2(to, device, BYTES, stream);
}
static CUresult any(void *to)
{
    return cu.cuMemcpyAsync((uintptr_t)to, device, BYTES, stream);
}
static CUresult d2h_per_thread(void *to)
{
    return cu.cuMemcpyDtoHAsync_v2_ptsz(to, device, BYTES, NULL);
}
static CUresult d2h_per_thread_handle(void *to)
{
    return cu.cuMemcpyDtoHAsync_v2(to, device, BYTES, CU_STREAM_PER_THREAD);
}
static CUresult any_per_thread(void *to)
{
    return cu.cuMemcpyAsync_ptsz((uintptr_t)to, device, BYTES, NULL);
}
static CUresult d2h_legacy(void *to)
{
    return cu.cuMemcpyDtoHAsync_v2(to, device, BYTES, NULL);
}

static const struct {
    CUresult (*copy)(void *);
    int per_thread, legacy;
} ways[] = {
    {d2h, 0, 0},       {any, 0, 0}, {d2h_per_thread, 1, 0}, {d2h_per_thread_handle, 1, 0}, {any_per_thread, 1, 0},
    {d2h_legacy, 0, 1}};

static void hold_up(int way, struct gate *gate)
{
    atomic_store(&gate->open, 0);
    if (ways[way].per_thread)
        OK(cu.cuLaunchHostFunc_ptsz(NULL, wait_for_gate, gate));
    else
        OK(cu.cuLaunchHostFunc(ways[way].legacy ? NULL : stream, wait_for_gate, gate));
}

static void check_way(char *block, int way, int seed)
{
    struct gate gate = {0};
    fill((void *)(uintptr_t)device, BYTES, seed);
    memset(block, 0, BYTES);
    hold_up(way, &gate);
    const pthread_t opener = open_soon(&gate);
    OK(ways[way].copy(block));
    HOLDS(block, BYTES, seed);
    pthread_join(opener, NULL);
}

int main(int argc, char **argv)
{
    const int pinned = argc > 1 && strcmp(argv[1], "pinned") == 0;
    begin_client(100);
    device = device_memory(BYTES);
    stream = new_stream();
    char *block = pinned ? promoted_block(BYTES, 1) : malloc(BYTES);
    for (int way = 0; way < (int)(sizeof ways / sizeof *ways); way++)
        for (int round = 0; round < 2; round++)
            check_way(block, way, 100 + 10 * way + round);
    if (pinned)
        CHECK(sim->copies[SIM_D2H][1][1] >= 12); /* they did go the direct way */
    else
        SAME(sim->copies[SIM_D2H][1][1], 0);
    return 0;
}
