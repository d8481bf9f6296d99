/* Rule 19: memory that autopin does not serve is never registered, however hot: mappings, files, the stack, static
 * data, small blocks, memory of the driver's own. */
#define _GNU_SOURCE
#include <alloca.h>

#include "sim_client.h"

enum {
    BYTES = 512 * KIB
};
static char static_memory[BYTES];
static CUdeviceptr device;
static CUstream stream;

static void hammer(char *host, size_t bytes)
{
    for (int i = 0; i < 20; i++) {
        fill(host, bytes, i);
        OK(cu.cuMemcpyHtoD_v2(device, host, bytes));
        OK(cu.cuMemcpyHtoDAsync_v2(device, host, bytes, stream));
        OK(cu.cuStreamSynchronize(stream));
        memset(host, 0, bytes);
        OK(cu.cuMemcpyDtoH_v2(host, device, bytes));
        OK(cu.cuMemcpyDtoHAsync_v2(host, device, bytes, stream));
        HOLDS(host, bytes, i);
    }
}

static void *map(int flags, int fd)
{
    void *at = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, flags, fd, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

int main(void)
{
    void *driver_own = NULL;
    begin_client(100);
    device = device_memory(BYTES);
    stream = new_stream();
    FILE *file = tmpfile();
    SAME(ftruncate(fileno(file), BYTES), 0);
    hammer(static_memory, BYTES);
    hammer(alloca(BYTES), BYTES);
    hammer(map(MAP_PRIVATE | MAP_ANONYMOUS, -1), BYTES);
    hammer(map(MAP_SHARED | MAP_ANONYMOUS, -1), BYTES);
    hammer(map(MAP_SHARED, fileno(file)), BYTES);
    hammer(map(MAP_PRIVATE, fileno(file)), BYTES);
    hammer(malloc(60 * KIB), 60 * KIB);
    OK(cu.cuMemHostAlloc(&driver_own, BYTES, 0));
    for (int i = 0; i < 10; i++)
        OK(cu.cuMemcpyHtoD_v2(device, driver_own, BYTES));
    OK(cu.cuMemFreeHost(driver_own));
    SAME(sim->register_calls, 0);
    promoted_block(BYTES, 1); /* it would have been possible */
    SAME(sim->register_calls, 1);
    SAME(sim->straddles, 0);
    return 0;
}
