/* Rules 25 and 27: a registration of the program's own that ends with its context is over: its block is free to be
 * given back, and the same address can be registered again, with the driver's plain results. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 40 * MIB,
    ROUNDS = 20,
    LIKELY = 12
};

static long resident_mib(void)
{
    long mib = 0, kib = 0;
    char line[256];
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            mib = kib / KIB;
    CHECK(status);
    fclose(status);
    return mib;
}

static void end_created(CUcontext context)
{
    OK(cu.cuCtxDestroy_v2(context));
}

static void end_primary(CUcontext context)
{
    (void)context;
    OK(cu.cuDevicePrimaryCtxReset_v2(0));
    OK(cu.cuDevicePrimaryCtxRelease_v2(0));
}

static CUcontext begin_primary(void)
{
    CUcontext context = NULL;
    OK(cu.cuDevicePrimaryCtxRetain(&context, 0));
    OK(cu.cuCtxSetCurrent(context));
    return context;
}

/* A block copied (and pinned by autopin), registered by the program in the context, which then ends. */
static char *registered_and_ended(CUcontext (*begin)(void), void (*end)(CUcontext), int round)
{
    CUcontext context = begin();
    const CUdeviceptr device = device_memory(MIB);
    const uint64_t leaked = sim->leaked_registrations;
    char *block = same_site(BYTES);
    fill(block, BYTES, round);
    for (int i = 0; i < 2; i++)
        OK(cu.cuMemcpyHtoD_v2(device, block, MIB));
    OK(cu.cuMemHostRegister_v2(block, BYTES, round % 2 ? CU_MEMHOSTREGISTER_PORTABLE : 0));
    if (round % 3 == 0)
        OK(cu.cuMemcpyHtoD_v2(device, block + MIB, MIB));
    end(context);
    SAME(sim->leaked_registrations, leaked + 1); /* the program's own, which is its own affair */
    SAME(sim->registered_regions, 0);
    HOLDS(block, BYTES, round);
    return block;
}

/* The same address, served again. */
static char *served_again(const char *wanted)
{
    char *blocks[LIKELY], *found = NULL;
    int n = 0;
    while (!found && n < LIKELY)
        if ((blocks[n++] = same_site(BYTES)) == wanted)
            found = blocks[--n];
    while (n)
        free(blocks[--n]);
    CHECK(found);
    return found;
}

static void registered_again(const char *wanted)
{
    CUcontext context = new_context();
    const CUdeviceptr device = device_memory(MIB);
    char *block = served_again(wanted);
    fill(block, BYTES, 77);
    SAME(cu.cuMemHostUnregister(block), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    for (int i = 0; i < 3; i++) {
        OK(cu.cuMemHostRegister_v2(block, BYTES, 0));
        SAME(cu.cuMemHostRegister_v2(block, BYTES, 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
        OK(cu.cuMemcpyHtoD_v2(device, block + i, MIB));
        OK(cu.cuMemHostUnregister(block));
        SAME(cu.cuMemHostUnregister(block), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    }
    HOLDS(block, BYTES, 77);
    free(block);
    OK(cu.cuCtxDestroy_v2(context));
}

int main(void)
{
    char *block = NULL;
    alarm(100);
    bind_driver();
    OK(cu.cuInit(0));
    for (int round = 0; round < ROUNDS; round++) {
        block = round % 4 == 3 ? registered_and_ended(begin_primary, end_primary, round)
                               : registered_and_ended(new_context, end_created, round);
        free(block);
        CHECK(resident_mib() < 200);
    }
    registered_again(block);
    SAME(sim->violations, ROUNDS);
    SAME(sim->violation[SIM_V_LEAKED_REGISTRATION], ROUNDS);
    return 0;
}
