/* Rule 14: blocks named by the graph memcpy node calls, not by capture, are held likewise: node added, node changed,
 * executable node changed, generic node. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};

static struct cu_memcpy3d to_device(const char *source, CUdeviceptr device)
{
    return (struct cu_memcpy3d){.src_type = CU_MEMORYTYPE_HOST,
                                .src_host = source,
                                .src_pitch = BYTES,
                                .src_height = 1,
                                .dst_type = CU_MEMORYTYPE_DEVICE,
                                .dst_device = device,
                                .dst_pitch = BYTES,
                                .dst_height = 1,
                                .width = BYTES,
                                .height = 1,
                                .depth = 1};
}

/* An ordinary block comes from a site that has freed one without ever copying it: such a site gets none that is pinned.
 */
static char *fresh_block(int pinned, int seed)
{
    char *block = NULL;
    for (volatile int i = 0; i < 2 && !pinned; i++) { /* volatile: one call, not two */
        free(block);
        block = malloc(BYTES);
    }
    if (pinned)
        block = promoted_block(BYTES, seed);
    fill(block, BYTES, seed);
    return block;
}

static void launch(CUgraphExec exec, CUstream stream, CUdeviceptr device, int seed)
{
    memset((void *)(uintptr_t)device, 0, BYTES);
    OK(cu.cuGraphLaunch(exec, stream));
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, BYTES, seed);
}

/* Copies that would pin or unpin an ordinary block: this one stays as it is. */
static void disturb(char *block, CUdeviceptr scratch, int pinned)
{
    const uint64_t direct = sim->copies[SIM_H2D][1][0];
    for (int i = 0; i < 4; i++)
        OK(cu.cuMemcpyHtoD_v2(scratch, block, BYTES));
    SAME(sim->copies[SIM_H2D][1][0], direct + (pinned ? 4 : 0));
    for (int i = 0; i < 6; i++)
        free(promoted_block(BYTES + 4096 * (size_t)i, 77));
}

/* A site whose blocks are pinned gets those that were freed pinned; never one that a graph names. */
static void nobody_gets(const char *block)
{
    for (int i = 0; i < 10; i++) {
        char *next = same_site(BYTES);
        CHECK(next != block);
        memset(next, 0, BYTES);
        promote(next, BYTES);
    }
}

int main(int argc, char **argv)
{
    const int pinned = argc > 1 && strcmp(argv[1], "pinned") == 0;
    CUgraph graph = NULL;
    CUgraphNode node = NULL, generic = NULL;
    CUgraphExec exec = NULL;
    CUcontext context = begin_client(100);
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(BYTES), other = device_memory(BYTES), scratch = device_memory(BYTES);
    free(promoted_block(BYTES, 70));
    char *first = fresh_block(pinned, 1), *second = fresh_block(pinned, 2), *third = fresh_block(pinned, 3);
    char *fourth = fresh_block(pinned, 4);
    struct cu_memcpy3d copy = to_device(first, device);
    struct cu_graph_node_params params = {.type = CU_GRAPH_NODE_TYPE_MEMCPY};
    OK(cu.cuGraphCreate(&graph, 0));
    OK(cu.cuGraphAddMemcpyNode(&node, graph, NULL, 0, &copy, context));
    params.u.memcpy.ctx = context;
    params.u.memcpy.copy = to_device(second, other);
    OK(cu.cuGraphAddNode(&generic, graph, NULL, 0, &params));
    disturb(first, scratch, pinned);
    disturb(second, scratch, pinned);
    OK(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
    launch(exec, stream, device, 1);
    DEVICE_HOLDS(other, BYTES, 2);
    copy = to_device(third, device);
    OK(cu.cuGraphExecMemcpyNodeSetParams(exec, node, &copy, context));
    disturb(third, scratch, pinned);
    launch(exec, stream, device, 3);
    copy = to_device(fourth, device);
    OK(cu.cuGraphMemcpyNodeSetParams(node, &copy));
    disturb(fourth, scratch, pinned);
    OK(cu.cuGraphExecDestroy(exec));
    OK(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
    launch(exec, stream, device, 4);
    free(fourth);
    nobody_gets(fourth);
    launch(exec, stream, device, 4);
    return 0;
}
