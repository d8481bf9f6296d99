/* Rule 27: when a context ends, by any of its ways, nothing that autopin registered in it is left; copies go on in
 * another context, and pins come back. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    BLOCKS = 3
};
static char *blocks[BLOCKS];

static void copy_all(int expect_pins)
{
    const CUdeviceptr device = device_memory(BYTES);
    CUstream stream = new_stream();
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < BLOCKS; i++) {
            fill(blocks[i], BYTES, round * 10 + i);
            OK(cu.cuMemcpyHtoDAsync_v2(device, blocks[i], BYTES, stream));
            memset(blocks[i], 0, BYTES);
            OK(cu.cuMemcpyDtoHAsync_v2(blocks[i], device, BYTES, stream));
            HOLDS(blocks[i], BYTES, round * 10 + i);
        }
    if (expect_pins)
        SAME(sim->registered_regions, BLOCKS);
}

static void nothing_left(void)
{
    SAME(sim->registered_regions, 0);
    SAME(sim->leaked_registrations, 0);
}

static void primary(CUresult (*end)(CUdevice))
{
    CUcontext context = NULL;
    OK(cu.cuDevicePrimaryCtxRetain(&context, 0));
    OK(cu.cuCtxSetCurrent(context));
    copy_all(1);
    OK(end(0));
    nothing_left();
}

int main(void)
{
    CUcontext first = begin_client(100);
    CUresult (*old_destroy)(CUcontext) = (CUresult(*)(CUcontext))dlsym(driver_handle, "cuCtxDestroy");
    CUresult (*detach)(CUcontext) = (CUresult(*)(CUcontext))dlsym(driver_handle, "cuCtxDetach");
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(BYTES);
    copy_all(1);
    OK(cu.cuCtxDestroy_v2(first));
    nothing_left();
    CUcontext second = new_context();
    copy_all(1);
    OK(old_destroy(second));
    nothing_left();
    CUcontext third = new_context();
    copy_all(1);
    OK(detach(third));
    nothing_left();
    primary(cu.cuDevicePrimaryCtxRelease);
    primary(cu.cuDevicePrimaryCtxRelease_v2);
    primary(cu.cuDevicePrimaryCtxReset);
    primary(cu.cuDevicePrimaryCtxReset_v2);

    /* one of two contexts ends: the other's pins stay */
    CUcontext stays = new_context();
    copy_all(1);
    CUcontext goes = new_context();
    promoted_block(BYTES, 1);
    promoted_block(BYTES, 2);
    SAME(sim->registered_regions, BLOCKS + 2);
    OK(cu.cuCtxDestroy_v2(goes));
    OK(cu.cuCtxSetCurrent(stays));
    SAME(sim->registered_regions, BLOCKS);
    copy_all(1);

    /* freed blocks, still pinned, go with their context too */
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    SAME(sim->registered_regions, BLOCKS);
    OK(cu.cuCtxDestroy_v2(stays));
    nothing_left();
    new_context();
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = same_site(BYTES);
    copy_all(1);
    return 0;
}
