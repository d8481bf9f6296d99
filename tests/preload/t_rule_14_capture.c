/* Rule 14: copies captured from and to blocks, pinned or not, are right each time the graph is launched; capturing pins
 * nothing, and a block that a graph names is neither pinned later nor unpinned. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    SMALL = 10000
};

static void capture_and_launch(char *source, char *target, CUdeviceptr device, CUstream stream)
{
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;
    const uint64_t registered = sim->register_calls;
    OK(cu.cuStreamBeginCapture_v2(stream, 0));
    OK(cu.cuMemcpyHtoDAsync_v2(device, source, BYTES, stream));
    OK(cu.cuMemcpyHtoDAsync_v2(device + BYTES, source + 5, SMALL, stream)); /* small: not a snapshot */
    OK(cu.cuMemcpyDtoHAsync_v2(target, device, BYTES, stream));
    OK(cu.cuMemcpyAsync((uintptr_t)target + BYTES, device + BYTES, SMALL, stream));
    OK(cu.cuStreamEndCapture(stream, &graph));
    SAME(sim->register_calls, registered);
    OK(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
    for (int round = 1; round < 4; round++) {
        fill(source, BYTES, round);
        memset(target, 0, BYTES + SMALL);
        OK(cu.cuGraphLaunch(exec, stream));
        OK(cu.cuStreamSynchronize(stream));
        HOLDS(target, BYTES, round);
        CHECK(memcmp(target + BYTES, source + 5, SMALL) == 0);
        for (int i = 0; i < 3; i++) { /* copies outside the graph: nothing is pinned under it */
            OK(cu.cuMemcpyHtoD_v2(device, source, BYTES));
            OK(cu.cuMemcpyDtoHAsync_v2(target, device, BYTES, stream));
            HOLDS(target, BYTES, round);
        }
    }
    SAME(sim->register_calls, registered);
    SAME(sim->unregister_calls, 0);
    OK(cu.cuGraphExecDestroy(exec));
    OK(cu.cuGraphDestroy(graph));
}

int main(void)
{
    begin_client(100);
    const CUdeviceptr device = device_memory(2 * BYTES);
    CUstream stream = new_stream();
    char *warm = promoted_block(BYTES, 1); /* from now on every copy would pin */
    char *plain_source = malloc(BYTES), *plain_target = malloc(BYTES + SMALL);
    capture_and_launch(plain_source, plain_target, device, stream);
    SAME(sim->registered_regions, 1);
    char *pinned_source = promoted_block(BYTES, 1), *pinned_target = promoted_block(BYTES + SMALL, 2);
    SAME(sim->registered_regions, 3);
    capture_and_launch(pinned_source, pinned_target, device, stream);
    capture_and_launch(plain_source, pinned_target, device, stream);
    capture_and_launch(pinned_source, plain_target, device, stream);
    SAME(sim->registered_regions, 3);
    OK(cu.cuMemcpyHtoD_v2(device, warm, BYTES));
    return 0;
}
