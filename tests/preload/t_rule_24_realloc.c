/* Rule 24: realloc of a pinned block, or of one just being pinned, keeps its bytes, up and down; pinned pages are never
 * moved or given back under the driver. */
#define _GNU_SOURCE
#include "sim_client.h"

static const size_t sizes[] = {1 << 20, 3 << 20,          100000, (1 << 20) + 77, 200,
                               5 << 20, (4 << 20) + 4096, 70000,  1 << 20};

int main(void)
{
    begin_client(100);
    const CUdeviceptr device = device_memory(5 << 20);
    CUstream stream = new_stream();
    for (int round = 0; round < 25; round++) {
        size_t bytes = sizes[0];
        char *block = malloc(bytes);
        fill(block, bytes, round);
        for (int i = 1; i < 9; i++) {
            const size_t kept = bytes < sizes[i] ? bytes : sizes[i];
            OK(cu.cuMemcpyHtoD_v2(device, block, bytes));
            if (i % 2)
                OK(cu.cuMemcpyHtoDAsync_v2(device, block, bytes, stream));
            block = i % 3 ? realloc(block, sizes[i]) : reallocarray(block, sizes[i], 1);
            CHECK(block);
            HOLDS(block, kept, round + i - 1);
            bytes = sizes[i];
            fill(block, bytes, round + i);
        }
        OK(cu.cuMemcpyHtoD_v2(device, block, bytes));
        DEVICE_HOLDS(device, bytes, round + 8);
        free(block);
    }
    CHECK(sim->register_calls > 0);
    SAME(sim->straddles, 0);
    SAME(sim->violations, 0);
    return 0;
}
