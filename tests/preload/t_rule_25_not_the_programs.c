/* Rule 25: what autopin registered is not the program's to unregister: the program hears what it would hear about
 * pageable memory, and the block stays pinned. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};

int main(void)
{
    begin_client(100);
    char *plain = malloc(BYTES), *block = promoted_block(BYTES, 1);
    const CUresult answer = cu.cuMemHostUnregister(plain);
    CHECK(answer != CUDA_SUCCESS);
    const uint64_t registered = sim->registered_regions;
    CHECK(registered > 0);
    SAME(cu.cuMemHostUnregister(block), answer);
    SAME(cu.cuMemHostUnregister(block + 4096), cu.cuMemHostUnregister(plain + 4096));
    SAME(sim->registered_regions, registered);
    OK(cu.cuMemHostRegister_v2(block, BYTES, 0));
    OK(cu.cuMemHostUnregister(block));
    SAME(cu.cuMemHostUnregister(block), answer);
    free(block);
    free(plain);
    return 0;
}
