/* Rules 14 and 27: a graph keeps the blocks that it names as they are, but it ends with its context, and so do their
 * pins: those that are there, and those that are being made while the graph is captured. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    ROUNDS = 25
};

static CUgraphExec capture(char *source, char *target, CUdeviceptr device, CUstream stream)
{
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;
    OK(cu.cuStreamBeginCapture_v2(stream, 0));
    OK(cu.cuMemcpyHtoDAsync_v2(device, source, BYTES, stream));
    OK(cu.cuMemcpyDtoHAsync_v2(target, device, BYTES, stream));
    OK(cu.cuStreamEndCapture(stream, &graph));
    OK(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cu.cuGraphDestroy(graph));
    return exec;
}

/* One context: copies that promote, a graph that names the blocks, and the end while it may be launched.
 * `pinned`: both blocks are, before they are named. */
static void one_context(char *source, char *target, int round, int pinned)
{
    CUcontext context = new_context();
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(BYTES);
    for (int i = 0; i < 1 + round % 3; i++) {
        OK(cu.cuMemcpyHtoD_v2(device, source, BYTES));
        OK(cu.cuMemcpyHtoD_v2(device, target, BYTES));
    }
    while (pinned && sim->registered_regions < 2) {
        OK(cu.cuMemcpyHtoD_v2(device, source, BYTES));
        OK(cu.cuMemcpyHtoD_v2(device, target, BYTES));
    }
    nap_ms(round % 3);
    CUgraphExec exec = capture(source, target, device, stream);
    for (int i = 0; i < 2; i++) {
        fill(source, BYTES, round + i);
        OK(cu.cuGraphLaunch(exec, stream));
        OK(cu.cuStreamSynchronize(stream));
        HOLDS(target, BYTES, round + i);
    }
    OK(cu.cuCtxDestroy_v2(context));
    SAME(sim->leaked_registrations, 0);
    SAME(sim->registered_regions, 0);
    HOLDS(source, BYTES, round + 1);
}

int main(void)
{
    alarm(100);
    bind_driver();
    OK(cu.cuInit(0));
    for (int round = 0; round < ROUNDS; round++) {
        char *source = malloc(BYTES), *target = malloc(BYTES);
        fill(source, BYTES, round);
        one_context(source, target, round, round % 4 == 3);
        if (round % 2)
            free(source);
        one_context(target, round % 2 ? malloc(BYTES) : source, round, 0); /* a graph has named it: never again */
        free(target);
    }
    CHECK(sim->register_calls >= ROUNDS / 4 * 2);
    SAME(sim->violations, 0);
    return 0;
}
