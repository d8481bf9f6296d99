/* Destroying no context at all is an error, given at once: nothing is unpinned and no copy in flight is waited for
 * (rule 27). */
#define _GNU_SOURCE
#include "sim_client.h"

int main(void)
{
    begin_client(100);
    CUresult (*detach)(CUcontext) = (CUresult(*)(CUcontext))dlsym(driver_handle, "cuCtxDetach");
    const size_t bytes = 8 * MIB;
    char *block = promoted_block(bytes, 1);
    const CUdeviceptr device = device_memory(bytes);
    CUstream stream = new_stream();
    struct gate gate = {0};
    block_stream(stream, &gate);
    fill(block, bytes, 7);
    OK(cu.cuMemcpyHtoDAsync_v2(device, block, bytes, stream)); /* relaxed: it returns */
    SAME(cu.cuCtxDestroy_v2(NULL), CUDA_ERROR_INVALID_CONTEXT);
    SAME(detach(NULL), CUDA_ERROR_INVALID_CONTEXT);
    SAME(sim->registered_regions, 1);
    atomic_store(&gate.open, 1);
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, bytes, 7);
    return 0;
}
