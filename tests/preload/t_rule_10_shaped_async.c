/* Rule 10 for the copies that are only guarded: an asynchronous 2D, 3D or array copy of a pinned block returns when the
 * data has arrived, or when the source has been read. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    WIDTH = 4000,
    PITCH = 4096,
    ROWS = 250,
    BYTES = PITCH * ROWS
};
static CUstream stream;
static CUdeviceptr device;
static char *block;

static CUresult out_2d(void)
{
    const struct cu_memcpy2d copy = {.src_type = CU_MEMORYTYPE_DEVICE,
                                     .src_device = device,
                                     .src_pitch = PITCH,
                                     .dst_type = CU_MEMORYTYPE_HOST,
                                     .dst_host = block,
                                     .dst_pitch = PITCH,
                                     .width = WIDTH,
                                     .height = ROWS};
    return cu.cuMemcpy2DAsync_v2(&copy, stream);
}

static CUresult out_unified_2d(void)
{
    const struct cu_memcpy2d copy = {.src_type = CU_MEMORYTYPE_UNIFIED,
                                     .src_device = device,
                                     .src_pitch = PITCH,
                                     .dst_type = CU_MEMORYTYPE_UNIFIED,
                                     .dst_device = (CUdeviceptr)(uintptr_t)block,
                                     .dst_pitch = PITCH,
                                     .width = WIDTH,
                                     .height = ROWS};
    return cu.cuMemcpy2DAsync_v2(&copy, stream);
}

static CUresult out_3d(void)
{
    const struct cu_memcpy3d copy = {.src_type = CU_MEMORYTYPE_DEVICE,
                                     .src_device = device,
                                     .src_pitch = PITCH,
                                     .src_height = ROWS / 2,
                                     .dst_type = CU_MEMORYTYPE_HOST,
                                     .dst_host = block,
                                     .dst_pitch = PITCH,
                                     .dst_height = ROWS / 2,
                                     .width = WIDTH,
                                     .height = ROWS / 2,
                                     .depth = 2};
    return cu.cuMemcpy3DAsync_v2(&copy, stream);
}

static CUresult in_2d(void)
{
    const struct cu_memcpy2d copy = {.src_type = CU_MEMORYTYPE_HOST,
                                     .src_host = block,
                                     .src_pitch = PITCH,
                                     .dst_type = CU_MEMORYTYPE_DEVICE,
                                     .dst_device = device,
                                     .dst_pitch = PITCH,
                                     .width = WIDTH,
                                     .height = ROWS};
    return cu.cuMemcpy2DAsync_v2(&copy, stream);
}

static void check(CUresult (*copy)(void), int out, int seed)
{
    struct gate gate = {0};
    char *from = out ? (char *)(uintptr_t)device : block, *to = out ? block : (char *)(uintptr_t)device;
    memset(to, 0, BYTES);
    for (int row = 0; row < ROWS; row++)
        fill(from + (size_t)row * PITCH, PITCH, seed + row);
    block_stream(stream, &gate);
    const pthread_t opener = open_soon(&gate);
    OK(copy());
    if (!out)
        memset(block, 0, BYTES);
    for (int row = 0; out && row < ROWS; row++)
        HOLDS(to + (size_t)row * PITCH, WIDTH, seed + row);
    OK(cu.cuStreamSynchronize(stream));
    for (int row = 0; row < ROWS; row++)
        HOLDS(to + (size_t)row * PITCH, WIDTH, seed + row);
    for (int row = 0; row < ROWS; row++)
        for (int i = WIDTH; i < PITCH; i++)
            SAME(to[row * PITCH + i], 0);
    pthread_join(opener, NULL);
}

int main(void)
{
    begin_client(100);
    stream = new_stream();
    device = device_memory(BYTES);
    block = promoted_block(BYTES, 1);
    for (int round = 0; round < 3; round++) {
        check(out_2d, 1, 1000 + round);
        check(out_unified_2d, 1, 2000 + round);
        check(out_3d, 1, 3000 + round);
        check(in_2d, 0, 4000 + round);
    }
    SAME(sim->registered_regions, 1);
    SAME(sim->copies[SIM_D2H][1][1], 9);
    SAME(sim->copies[SIM_H2D][1][1], 3);
    return 0;
}
