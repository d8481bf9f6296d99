/* The report counts the program's own registrations, and not what autopin does on its own account: a block of several
 * registrations is kept unpinned during a shaped copy by the same means. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    LARGE = 300 * MIB, /* more than one registration */
    BYTES = 1 * MIB
};

static int work(void)
{
    begin_client(100);
    char *large = malloc(LARGE), *block = malloc(BYTES);
    const CUdeviceptr device = device_memory(BYTES);
    const struct cu_memcpy2d shaped = {
        .src_type = CU_MEMORYTYPE_HOST,
        .src_host = large + 4096,
        .src_pitch = 4096,
        .dst_type = CU_MEMORYTYPE_DEVICE,
        .dst_device = device,
        .dst_pitch = 1024,
        .width = 1024,
        .height = 16,
    };
    for (int i = 0; i < 5; i++)
        OK(cu.cuMemcpy2D_v2(&shaped));
    OK(cu.cuMemHostRegister_v2(block, BYTES, 0));
    SAME(cu.cuMemHostRegister_v2(block, BYTES, 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
    OK(cu.cuMemHostUnregister(block));
    OK(cu.cuMemHostRegister_v2(block + 8192, 4096, 0));
    return 0;
}

int main(int argc, char **argv)
{
    long long counted = -1;
    (void)argv;
    if (argc > 1)
        return work();
    const char *at = strstr(report_of_self("work"), "\"app_registrations\"");
    CHECK(at && sscanf(at, "\"app_registrations\" : %lld", &counted) == 1);
    SAME(counted, 2);
    return 0;
}
