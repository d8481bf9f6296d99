/* Rule 13: a block that takes several registrations is copied right at, across and around their borders, by linear and
 * by 2D and 3D copies; the driver never sees a range that straddles one. */
#define _GNU_SOURCE
#include "policy/block.h"
#include "sim_client.h"

static const size_t BYTES = (size_t)PIN_PIECE_BYTES + 20 * MIB + 54321, PIECE = PIN_PIECE_BYTES;
static CUstream stream;
static CUdeviceptr device;
static char *block;

static void h2d(size_t at, size_t bytes, int seed)
{
    fill(block + at, bytes, seed);
    memset((void *)(uintptr_t)device, 0, bytes);
    switch (seed % 4) {
    case 0:
        OK(cu.cuMemcpyHtoD_v2(device, block + at, bytes));
        break;
    case 1:
        OK(cu.cuMemcpy(device, (uintptr_t)block + at, bytes));
        break;
    case 2:
        OK(cu.cuMemcpyAsync(device, (uintptr_t)block + at, bytes, stream));
        break;
    default:
        OK(cu.cuMemcpyHtoDAsync_v2(device, block + at, bytes, stream));
    }
    memset(block + at, 1, bytes);
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, bytes, seed);
}

static void d2h(size_t at, size_t bytes, int seed)
{
    fill((void *)(uintptr_t)device, bytes, seed);
    memset(block + at - 8, 3, bytes + 16);
    switch (seed % 4) {
    case 0:
        OK(cu.cuMemcpyDtoH_v2(block + at, device, bytes));
        break;
    case 1:
        OK(cu.cuMemcpy((uintptr_t)block + at, device, bytes));
        break;
    case 2:
        OK(cu.cuMemcpyAsync((uintptr_t)block + at, device, bytes, stream));
        break;
    default:
        OK(cu.cuMemcpyDtoHAsync_v2(block + at, device, bytes, stream));
    }
    HOLDS(block + at, bytes, seed);
    for (int i = 1; i <= 8; i++)
        CHECK(block[at - (size_t)i] == 3 && block[at + bytes - 1 + (size_t)i] == 3);
}

static void linear(int seed)
{
    const size_t before[] = {1, 4096, 65536, 3 * MIB + 17, 1000, 0, 5000},
                 after[] = {1, 4096, 1, 2 * MIB + 5, 0, 1000, 200000};
    for (int i = 0; i < 7; i++)
        for (int way = 0; way < 4; way++) {
            h2d(PIECE - before[i], before[i] + after[i], seed + 8 * i + way);
            d2h(PIECE - before[i], before[i] + after[i], seed + 8 * i + way + 4);
        }
    h2d(BYTES - 100001, 100001, seed + 90);
    d2h(BYTES - 100001, 100001 - 8, seed + 91);
}

/* Rows of 1000 bytes, 3001 apart, some of them over the border. */
static void shaped(int async, int three_d)
{
    enum {
        ROWS = 50,
        WIDTH = 1000,
        PITCH = 3001
    };
    const size_t at = PIECE - 25 * PITCH - 500;
    struct cu_memcpy2d flat = {.src_type = CU_MEMORYTYPE_HOST,
                               .src_host = block + at,
                               .src_pitch = PITCH,
                               .dst_type = CU_MEMORYTYPE_DEVICE,
                               .dst_device = device,
                               .dst_pitch = WIDTH,
                               .width = WIDTH,
                               .height = ROWS};
    struct cu_memcpy3d deep = {.src_type = CU_MEMORYTYPE_DEVICE,
                               .src_device = device,
                               .src_pitch = WIDTH,
                               .src_height = ROWS,
                               .dst_type = CU_MEMORYTYPE_HOST,
                               .dst_host = block + at,
                               .dst_pitch = PITCH,
                               .dst_height = ROWS,
                               .width = WIDTH,
                               .height = ROWS,
                               .depth = 1};
    if (!three_d) {
        for (int row = 0; row < ROWS; row++)
            fill(block + at + (size_t)row * PITCH, WIDTH, 1000 + row);
        OK(async ? cu.cuMemcpy2DAsync_v2(&flat, stream) : cu.cuMemcpy2D_v2(&flat));
        OK(cu.cuStreamSynchronize(stream));
        for (int row = 0; row < ROWS; row++)
            DEVICE_HOLDS(device + (size_t)row * WIDTH, WIDTH, 1000 + row);
        return;
    }
    for (int row = 0; row < ROWS; row++)
        fill((char *)(uintptr_t)device + (size_t)row * WIDTH, WIDTH, 2000 + row);
    OK(async ? cu.cuMemcpy3DAsync_v2(&deep, stream) : cu.cuMemcpy3D_v2(&deep));
    for (int row = 0; row < ROWS; row++)
        HOLDS(block + at + (size_t)row * PITCH, WIDTH, 2000 + row);
}

int main(void)
{
    begin_client(100);
    block = malloc(BYTES);
    device = device_memory(8 * MIB);
    stream = new_stream();
    for (int i = 0; i < 2; i++)
        OK(cu.cuMemcpyHtoD_v2(device, block, 4 * MIB));
    SAME(sim->registered_regions, 2);
    linear(1000);
    SAME(sim->registered_regions, 2);
    CHECK(sim->copies[SIM_H2D][1][0] > 10 && sim->copies[SIM_D2H][1][1] > 10);
    for (int async = 0; async < 2; async++) {
        shaped(async, 0);
        shaped(async, 1);
    }
    OK(cu.cuMemcpyHtoD_v2(device, block, 4 * MIB));
    linear(5000);
    SAME(sim->registered_regions, 2); /* pinned again after the shaped copies */
    SAME(sim->straddles, 0);
    free(block);
    return 0;
}
