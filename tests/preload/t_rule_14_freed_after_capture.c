/* Rule 14: a block that a graph names and that the program frees is not given to anybody else, nor unpinned, while the
 * graph may be launched: whoever allocates next gets other memory. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    LATER = 40
};

static CUgraphExec capture(char *source, char *target, CUdeviceptr device, CUstream stream)
{
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;
    OK(cu.cuStreamBeginCapture_v2(stream, 0));
    OK(cu.cuMemcpyHtoDAsync_v2(device, source, BYTES, stream));
    OK(cu.cuMemcpyDtoHAsync_v2(target, device + BYTES, BYTES, stream));
    OK(cu.cuStreamEndCapture(stream, &graph));
    OK(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cu.cuGraphDestroy(graph));
    return exec;
}

int main(int argc, char **argv)
{
    const int pinned = argc > 1 && strcmp(argv[1], "pinned") == 0;
    char *later[LATER];
    begin_client(100);
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(2 * BYTES);
    char *source = pinned ? promoted_block(BYTES, 5) : malloc(BYTES);
    char *target = pinned ? promoted_block(BYTES, 6) : malloc(BYTES);
    CUgraphExec exec = capture(source, target, device, stream);
    fill(source, BYTES, 7);
    fill((void *)(uintptr_t)(device + BYTES), BYTES, 8);
    free(source);
    free(target);
    for (int i = 0; i < LATER; i++) {
        later[i] = malloc(BYTES);
        CHECK(later[i] != source && later[i] != target);
        fill(later[i], BYTES, 100 + i);
        for (int copy = 0; copy < 2; copy++)
            OK(cu.cuMemcpyHtoD_v2(device, later[i], BYTES));
        if (i % 3 == 0) {
            free(later[i]);
            later[i] = NULL;
        }
    }
    OK(cu.cuGraphLaunch(exec, stream)); /* reads and writes memory that was freed: harmless as long as it is nobody's */
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, BYTES, 7);
    for (int i = 0; i < LATER; i++)
        if (later[i])
            HOLDS(later[i], BYTES, 100 + i);
    return 0;
}
