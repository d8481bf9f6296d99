/* Rule 26: every query about a pinned block answers, byte for byte, what it answered while the block was pageable; also
 * at every moment of a promotion. */
#define _GNU_SOURCE
#include "sim_client_answers.h"

enum {
    BYTES = 1 * MIB
};

static const size_t places[] = {0, 1, 4096, BYTES / 2 + 3, BYTES - 1};

int main(int argc, char **argv)
{
    struct answers before[5], after;
    const int waiting = argc > 1 && strcmp(argv[1], "waiting") == 0;
    begin_client(100);
    const CUdeviceptr device = device_memory(BYTES);
    free(promoted_block(BYTES / 2, 1)); /* too small to serve a block of another site */
    for (int round = 0; round < (waiting ? 3 : 60); round++) {
        const size_t bytes = BYTES + (size_t)round * 64 * KIB;
        char *block = malloc(bytes);
        for (int i = 0; i < 5; i++)
            ask(&before[i], block + places[i]);
        SAME(before[0].flags_rc, CUDA_ERROR_INVALID_VALUE);
        OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
        for (int again = 0; again < (waiting ? 2 : 10); again++)
            for (int i = 0; i < 5; i++) {
                ask(&after, block + places[i]);
                same_answers(&before[i], &after, "promoted");
            }
        if (waiting)
            SAME(sim->registered_regions, round + 2);
    }
    CHECK(sim->register_calls > 1);
    return 0;
}
