/* Rule 11: an asynchronous host-to-device copy of at most 64 KiB returns without waiting for its stream, although the
 * stream waits for something that the program does only afterwards; and the source may be overwritten at once. */
#define _GNU_SOURCE
#include "sim_client.h"

static void check_size(char *block, size_t at, size_t bytes, CUdeviceptr device, CUstream stream, int per_thread)
{
    struct gate gate = {0};
    char *source = block + at;
    fill(source, bytes, bytes + at);
    memset((void *)(uintptr_t)device, 0, bytes);
    if (per_thread)
        OK(cu.cuLaunchHostFunc_ptsz(NULL, wait_for_gate, &gate));
    else
        block_stream(stream, &gate);
    if (per_thread)
        OK(cu.cuMemcpyHtoDAsync_v2_ptsz(device, source, bytes, NULL));
    else if (bytes & 1)
        OK(cu.cuMemcpyAsync(device, (uintptr_t)source, bytes, stream));
    else
        OK(cu.cuMemcpyHtoDAsync_v2(device, source, bytes, stream));
    memset(source, 0x55, bytes);
    atomic_store(&gate.open, 1); /* never reached by a copy that waits: the alarm ends the test */
    OK(per_thread ? cu.cuStreamSynchronize(CU_STREAM_PER_THREAD) : cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, bytes, bytes + at);
}

int main(void)
{
    const size_t sizes[] = {1, 8, 4097, 65535, 65536};
    begin_client(100);
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(64 * KIB);
    char *block = promoted_block(1 * MIB, 1);
    for (int i = 0; i < 5; i++)
        for (int per_thread = 0; per_thread < 2; per_thread++) {
            check_size(block, 0, sizes[i], device, stream, per_thread);
            check_size(block, 123457, sizes[i], device, stream, per_thread);
            check_size(block, 1 * MIB - sizes[i], sizes[i], device, stream, per_thread);
        }
    SAME(sim->registered_regions, 1);
    return 0;
}
