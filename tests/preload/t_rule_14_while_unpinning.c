/* Rule 14: a block that is being unpinned when a graph comes to name it is unpinned before the graph is made, not
 * after.
 *
 * A stream that is held up holds up the unregistration as well.  "node": the graph is made by hand, not captured. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};

static CUgraph captured(CUstream stream, CUdeviceptr device, const char *block)
{
    CUgraph graph = NULL;
    OK(cu.cuStreamBeginCapture_v2(stream, 1));
    OK(cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, stream));
    OK(cu.cuStreamEndCapture(stream, &graph));
    return graph;
}

static CUgraph made(CUcontext context, CUdeviceptr device, const char *block)
{
    const struct cu_memcpy3d copy = {.src_type = CU_MEMORYTYPE_HOST,
                                     .src_host = block,
                                     .dst_type = CU_MEMORYTYPE_DEVICE,
                                     .dst_device = device,
                                     .width = BYTES,
                                     .height = 1,
                                     .depth = 1};
    CUgraph graph = NULL;
    CUgraphNode node = NULL;
    OK(cu.cuGraphCreate(&graph, 0));
    OK(cu.cuGraphAddMemcpyNode(&node, graph, NULL, 0, &copy, context));
    return graph;
}

int main(int argc, char **argv)
{
    struct gate gate;
    CUgraphExec exec = NULL;
    const int by_hand = argc > 1 && strcmp(argv[1], "node") == 0;
    CUcontext context = begin_client(100);
    CUstream stuck = new_stream(), stream = new_stream();
    CUdeviceptr device = device_memory(BYTES);
    char *block = promoted_block(BYTES, 1);
    SAME(sim->unregister_calls, 0);
    block_stream(stuck, &gate);
    while (sim->unregister_calls == 0) /* it has been idle for too long */
        nap_ms(1);
    SAME(sim->registered_regions, 1);
    pthread_t opener = open_soon(&gate);
    CUgraph graph = by_hand ? made(context, device, block) : captured(stream, device, block);
    OK(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
    pthread_join(opener, NULL);
    while (sim->registered_regions)
        nap_ms(1);
    fill(block, BYTES, 2);
    OK(cu.cuGraphLaunch(exec, stream));
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, BYTES, 2);
    SAME(sim->violations, 0);
    return 0;
}
