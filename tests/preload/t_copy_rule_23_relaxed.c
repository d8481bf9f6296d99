/* async = relaxed: copies of a pinned block really overlap (they return although their stream cannot run), and a block
 * in flight is neither recycled nor unpinned until its copy is over (rules 10 and 23), not even when its context ends.
 */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 4 * MIB,
    TRIES = 2000
};

/* Both directions return on a stream that is held up: a strict copy would wait, and the alarm would end the test. */
static void overlaps(char *block, CUdeviceptr device, CUstream stream, struct gate *gate)
{
    fill(block, BYTES, 7);
    block_stream(stream, gate);
    OK(cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, stream));
    OK(cu.cuMemcpyHtoDAsync_v2(device, block, 4 * KIB, stream));
}

/* The address comes back once the copy is over, and not before. */
static void recycled_when_over(char *block, CUdeviceptr device, CUstream stream, struct gate *gate)
{
    free(block);
    char *other[4];
    for (int i = 0; i < 4; i++) {
        other[i] = same_site(BYTES);
        CHECK(other[i] && other[i] != block);
        memset(other[i], 0x55, BYTES);
    }
    SAME(sim->unregister_calls, 0);
    atomic_store(&gate->open, 1);
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, BYTES, 7);
    for (int i = 0; i < 4; i++)
        free(other[i]);
    int tries = 0;
    char *again = NULL, *kept[TRIES];
    while (again != block && tries < TRIES) {
        kept[tries++] = again = same_site(BYTES);
        nap_ms(tries < 100 ? 1 : 10);
    }
    SAME(again == block, 1);
    while (tries)
        free(kept[--tries]);
}

int main(void)
{
    struct gate gate = {0};
    const CUcontext context = begin_client(100);
    const CUdeviceptr device = device_memory(BYTES);
    CUstream stream = new_stream();
    char *block = same_site(BYTES);
    fill(block, BYTES, 1);
    promote(block, BYTES);
    overlaps(block, device, stream, &gate);
    recycled_when_over(block, device, stream, &gate);
    block = promoted_block(BYTES, 2);
    OK(cu.cuMemcpyDtoHAsync_v2(block, device, BYTES, stream));
    OK(cu.cuStreamSynchronize(stream));
    HOLDS(block, BYTES, 7);
    OK(cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, stream));
    OK(cu.cuCtxDestroy_v2(context)); /* waits for the copy, unpins, then ends */
    SAME(sim->leaked_registrations, 0);
    return 0;
}
