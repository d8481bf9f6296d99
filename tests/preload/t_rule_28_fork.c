/* Rule 28: a child of a process with pinned blocks reads, writes, reallocates and frees them, allocates and forks
 * again, without one driver call; its parent goes on as before. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    BLOCKS = 6
};
static char *blocks[BLOCKS];

static void child(int depth)
{
    for (int i = 0; i < BLOCKS; i++)
        HOLDS(blocks[i], BYTES, i);
    for (int round = 0; round < 3; round++) {
        char *fresh[BLOCKS];
        for (int i = 0; i < BLOCKS; i++) {
            fresh[i] = malloc(BYTES + (size_t)i * 4096);
            fill(fresh[i], BYTES, 40 + i);
        }
        for (int i = 0; i < BLOCKS; i++) {
            HOLDS(fresh[i], BYTES, 40 + i);
            free(fresh[i]);
        }
    }
    free(blocks[0]);
    blocks[1] = realloc(blocks[1], 3 * BYTES);
    HOLDS(blocks[1], BYTES, 1);
    char *zero = calloc(1, BYTES);
    for (size_t i = 0; i < BYTES; i++)
        SAME(zero[i], 0);
    memset(blocks[2], 0x33, BYTES);
    if (depth == 0) {
        int status = 0;
        const pid_t grandchild = fork();
        if (grandchild == 0) {
            memset(blocks[3], 1, BYTES);
            free(blocks[3]);
            free(malloc(BYTES));
            exit(0);
        }
        SAME(waitpid(grandchild, &status, 0), grandchild);
        SAME(status, 0);
    }
    for (int i = 1; i < BLOCKS; i++)
        free(blocks[i]);
    exit(0);
}

int main(void)
{
    begin_client(100);
    const CUdeviceptr device = device_memory(BYTES);
    CUstream stream = new_stream();
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = promoted_block(BYTES, i);
    free(promoted_block(2 * BYTES, 9)); /* one that is quarantined */
    const uint64_t regions = sim->registered_regions;
    for (int round = 0; round < 5; round++) {
        int status = 0;
        const pid_t pid = fork();
        if (pid == 0)
            child(round % 2);
        OK(cu.cuMemcpyHtoDAsync_v2(device, blocks[2], BYTES, stream)); /* while the child writes its own copy of it */
        OK(cu.cuStreamSynchronize(stream));
        DEVICE_HOLDS(device, BYTES, 2);
        SAME(waitpid(pid, &status, 0), pid);
        SAME(status, 0);
        for (int i = 0; i < BLOCKS; i++) {
            HOLDS(blocks[i], BYTES, i);
            OK(cu.cuMemcpyHtoD_v2(device, blocks[i], BYTES));
            DEVICE_HOLDS(device, BYTES, i);
        }
    }
    SAME(sim->registered_regions, regions);
    SAME(sim->violations, 0);
    return 0;
}
