/* Rule 28: fork() goes ahead while a large block is being registered piece by piece: children come into being when some
 * of the pieces are registered and others are not, and the pin is completed all the same. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    PIECES = 4,
    PROBE = 1 * MIB
};
static const size_t BYTES = (size_t)1024 * MIB;
static char *block, *small;

static void child(void)
{
    alarm(100);
    for (size_t at = 0; at < BYTES; at += BYTES / 16)
        HOLDS(block + at, 4096, at);
    HOLDS(small, PROBE, 5);
    memset(block + BYTES / 2, 1, PROBE); /* its own copy of it */
    free(block);
    free(small);
    char *fresh = malloc(PROBE);
    fill(fresh, PROBE, 6);
    HOLDS(fresh, PROBE, 6);
    free(fresh);
    _exit(0);
}

/* Returns how many pieces were registered when the child had come into being. */
static uint64_t one_fork(void)
{
    int status = -1;
    const pid_t pid = fork();
    if (pid == 0)
        child();
    const uint64_t pieces = sim->registered_regions;
    SAME(waitpid(pid, &status, 0), pid);
    SAME(status, 0);
    return pieces;
}

int main(void)
{
    int in_the_middle = 0;
    if (sysconf(_SC_AVPHYS_PAGES) < (3l << 30) / 4096) {
        puts("less than 3 GiB of memory are free");
        return 77;
    }
    begin_client(100);
    const CUdeviceptr device = device_memory(PROBE);
    block = malloc(BYTES);
    for (size_t at = 0; at < BYTES; at += BYTES / 16)
        fill(block + at, 4096, at);
    fill(small = malloc(PROBE), PROBE, 5);
    OK(cu.cuMemcpyHtoD_v2(device, block, PROBE));
    for (uint64_t pieces = 0; pieces < PIECES;) {
        pieces = one_fork();
        in_the_middle += pieces > 0 && pieces < PIECES;
        if (pieces == 0) /* the first fork must not have kept the pin from being begun */
            OK(cu.cuMemcpyHtoD_v2(device, block, PROBE));
    }
    CHECK(in_the_middle > 0);
    for (size_t at = 0; at < BYTES; at += BYTES / 16)
        HOLDS(block + at, 4096, at);
    promote(block, PROBE);
    SAME(sim->registered_regions, PIECES);
    SAME(sim->violations, 0);
    return 0;
}
