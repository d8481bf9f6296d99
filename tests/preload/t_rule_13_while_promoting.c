/* Rule 13 while a block of several registrations is being pinned in the background: copies over the border at every
 * moment of it. */
#define _GNU_SOURCE
#include "policy/block.h"
#include "sim_client.h"

static const size_t BYTES = (size_t)PIN_PIECE_BYTES + 4 * MIB, PIECE = PIN_PIECE_BYTES;

int main(void)
{
    begin_client(100);
    char *block = malloc(BYTES);
    const CUdeviceptr device = device_memory(2 * MIB);
    CUstream stream = new_stream();
    const struct cu_memcpy2d flat = {.src_type = CU_MEMORYTYPE_HOST,
                                     .src_host = block + PIECE - 10000,
                                     .src_pitch = 4000,
                                     .dst_type = CU_MEMORYTYPE_DEVICE,
                                     .dst_device = device,
                                     .dst_pitch = 1000,
                                     .width = 1000,
                                     .height = 6};
    int after = 0;
    for (int i = 0; after < 40; i++) {
        fill(block + PIECE - 70001, 170002, i);
        OK(cu.cuMemcpyHtoDAsync_v2(device, block + PIECE - 70001, 170002, stream));
        OK(cu.cuStreamSynchronize(stream));
        DEVICE_HOLDS(device, 170002, i);
        if (i % 100 == 0)
            OK(cu.cuMemcpy2DAsync_v2(&flat, stream));
        OK(cu.cuStreamSynchronize(stream));
        memset(block + PIECE - 70001, 0, 170002);
        fill((void *)(uintptr_t)device, 170002, i + 7);
        OK(cu.cuMemcpyDtoHAsync_v2(block + PIECE - 70001, device, 170002, stream));
        HOLDS(block + PIECE - 70001, 170002, i + 7);
        after += sim->registered_regions == 2;
    }
    SAME(after, 40);
    SAME(sim->straddles, 0);
    return 0;
}
