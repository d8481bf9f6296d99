/* Advice and locks of the program's own on promoted blocks: MADV_DONTNEED_LOCKED clears what a device then sees as
 * zeros, guards unpin the block and do not outlive it, and so do its locks (rules 20, 29 and 35). */
#define _GNU_SOURCE
#include "sim_client.h"

#include <errno.h>
#include <sys/resource.h>

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum {
    BYTES = 4 * MIB,
    PAGE = 4 * KIB,
    BLOCKS = 12
};

static long minor_faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static char *promoted_at_site(uint64_t seed)
{
    char *block = same_site(BYTES);
    fill(block, BYTES, seed);
    promote(block, BYTES);
    SAME(sim->registered_regions, 1);
    return block;
}

/* The block is nobody's now.  Of as many as were ever freed, one has its addresses; all can be written and copied. */
static void next_owner_is_well(const char *freed, CUdeviceptr device)
{
    char *blocks[BLOCKS];
    int seen = 0;
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = same_site(BYTES);
        seen += blocks[i] == freed;
        fill(blocks[i], BYTES, (uint64_t)i);
    }
    SAME(seen, 1);
    for (int i = 0; i < BLOCKS; i++) {
        OK(cu.cuMemcpyHtoD_v2(device, blocks[i], BYTES));
        DEVICE_HOLDS(device, BYTES, (uint64_t)i);
        HOLDS(blocks[i], BYTES, (uint64_t)i);
        free(blocks[i]);
    }
}

static void is_zero(const char *at, size_t bytes)
{
    SAME(at[0], 0);
    SAME(memcmp(at, at + 1, bytes - 1), 0);
}

/* The pages that the device reads are those that the program sees. */
static void dropped_while_locked(CUdeviceptr device, int advice)
{
    char *block = promoted_at_site(1);
    const size_t from = MIB, bytes = 2 * MIB;
    SAME(madvise(block + from, bytes, advice), 0);
    const long faults = minor_faults();
    is_zero(block + from, bytes);
    CHECK(minor_faults() - faults < 64); /* or these are other pages than the driver has */
    OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
    is_zero((char *)(uintptr_t)device + from, bytes);
    SAME(memcmp((char *)(uintptr_t)device, block, BYTES), 0);
    fill(block, BYTES, 2);
    OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
    DEVICE_HOLDS(device, BYTES, 2);
    free(block);
}

/* Guards take pages out from under a registration: the block must be unpinned first, and stay so. */
static void guarded(CUdeviceptr device)
{
    char *block = promoted_at_site(3);
    if (madvise(block + MIB, 16 * PAGE, MADV_GUARD_INSTALL)) {
        SAME(errno, EINVAL);
        puts("this kernel has no guards");
        free(block);
        return;
    }
    SAME(sim->registered_regions, 0);
    HOLDS(block, MIB, 3);
    for (int i = 0; i < 3; i++)
        OK(cu.cuMemcpyHtoD_v2(device, block, MIB));
    nap_ms(5);
    SAME(sim->registered_regions, 0);
    free(block);
    next_owner_is_well(block, device);
}

static void locked(CUdeviceptr device)
{
    char *block = promoted_at_site(4);
    SAME(mlock(block + MIB, MIB), 0);
    SAME(madvise(block + MIB, PAGE, MADV_DONTNEED), -1);
    SAME(errno, EINVAL);
    HOLDS(block, BYTES, 4);
    OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
    DEVICE_HOLDS(device, BYTES, 4);
    SAME(munlock(block + MIB, MIB), 0);
    SAME(madvise(block + MIB, PAGE, MADV_DONTNEED), 0);
    is_zero(block + MIB, PAGE);
    free(block);
    next_owner_is_well(block, device);
}

static void no_pins_left(CUcontext *context)
{
    OK(cu.cuCtxDestroy_v2(*context));
    SAME(sim->registered_regions, 0);
    *context = new_context();
}

int main(void)
{
    CUcontext context = begin_client(100);
    dropped_while_locked(device_memory(BYTES), MADV_DONTNEED);
    no_pins_left(&context);
    dropped_while_locked(device_memory(BYTES), MADV_DONTNEED_LOCKED);
    no_pins_left(&context);
    guarded(device_memory(BYTES));
    no_pins_left(&context);
    locked(device_memory(BYTES));
    no_pins_left(&context);
    SAME(sim->violations, 0);
    return 0;
}
