/* Rules 20 and 25: a block that the program frees while a registration of its own is on it is nobody else's until that
 * registration has ended; one whose registration failed goes on being pinned by autopin. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};

int main(void)
{
    begin_client(100);
    char *block = promoted_block(BYTES, 1);
    OK(cu.cuMemHostRegister_v2(block, BYTES, 0));
    free(block);
    for (int i = 0; i < 20; i++)
        CHECK(same_site(BYTES) != block);
    HOLDS(block, BYTES, 1);
    SAME(sim->registered_regions, 1);
    OK(cu.cuMemHostUnregister(block));
    SAME(sim->registered_regions, 0);

    block = promoted_block(BYTES, 2);
    SAME(cu.cuMemHostRegister_v2(block, BYTES, 0x4000), CUDA_ERROR_INVALID_VALUE);
    SAME(cu.cuMemHostUnregister(block), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    promote(block, BYTES);
    SAME(sim->registered_regions, 1);
    free(block);
    SAME(sim->violations, 0);
    return 0;
}
