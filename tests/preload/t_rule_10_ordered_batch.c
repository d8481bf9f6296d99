/* Rule 10: a batch that is to read its source in stream order reads what its stream has written by then, also while the
 * block is being unpinned: then it waits until that is over. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};
static char *block;

typedef CUresult (*batch_fn)(CUdeviceptr *, CUdeviceptr *, size_t *, size_t, void *, size_t *, size_t, CUstream);

static void write_source(void *unused)
{
    (void)unused;
    fill(block, BYTES, 5);
}

int main(void)
{
    struct cu_memcpy_attributes attributes = {.src_access_order = CU_MEMCPY_SRC_ACCESS_ORDER_STREAM};
    struct gate stuck, gate;
    begin_client(100);
    const CUstream stuck_stream = new_stream(), stream = new_stream();
    CUdeviceptr to = device_memory(BYTES);
    size_t size = BYTES, first = 0;
    block = promoted_block(BYTES, 1);
    CUdeviceptr from = (CUdeviceptr)(uintptr_t)block;
    SAME(sim->unregister_calls, 0);
    block_stream(stuck_stream, &stuck);
    while (sim->unregister_calls == 0) /* it has been idle for too long */
        nap_ms(1);
    block_stream(stream, &gate);
    OK(cu.cuLaunchHostFunc(stream, write_source, NULL));
    const pthread_t unpinned = open_soon(&stuck), opener = open_soon(&gate);
    const batch_fn batch = (batch_fn)dlsym(driver_handle, "cuMemcpyBatchAsync_v2");
    OK(batch(&to, &from, &size, 1, &attributes, &first, 1, stream));
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(to, BYTES, 5);
    pthread_join(unpinned, NULL);
    pthread_join(opener, NULL);
    SAME(sim->violations, 0);
    return 0;
}
