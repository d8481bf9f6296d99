/* What a program does to its own memory works as if nothing were pinned: MADV_DONTNEED clears and later copies carry
 * the new bytes (rule 20); protections, locks and inheritance do not outlive free() (rules 28, 29 and 35). */
#define _GNU_SOURCE
#include "sim_client.h"

#include <sys/resource.h>

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

static void dropped_pages(char *block, CUdeviceptr device)
{
    const uint64_t calls = sim->calls_total;
    SAME(madvise(block + MIB, 2 * MIB, MADV_DONTNEED), 0);
    SAME(sim->calls_total, calls);
    const long faults = minor_faults();
    for (size_t at = MIB; at < 3 * MIB; at += 64)
        SAME(block[at], 0);
    CHECK(minor_faults() - faults < 64); /* these are the pages that the driver has, not others */
    fill(block, BYTES, 99);
    OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
    DEVICE_HOLDS(device, BYTES, 99);
    OK(cu.cuMemcpyDtoH_v2(block, device, BYTES));
    HOLDS(block, BYTES, 99);
    SAME(madvise(block, PAGE, MADV_FREE), 0);
    SAME(madvise(block + 1, PAGE, MADV_DONTNEED), -1); /* not a page: the kernel's business */
}

/* Takes blocks that can all be written; returns whether one of them has these addresses. */
static int take_blocks(char *blocks[BLOCKS], const char *wanted)
{
    int seen = 0;
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = same_site(BYTES);
        seen += blocks[i] == wanted;
        fill(blocks[i], BYTES, (uint64_t)i);
    }
    CHECK(seen <= 1);
    return seen;
}

/* Frees a block that the program has changed, and takes more of its size than were ever freed: sooner or later one of
 * them gets its addresses, and all can be written and are inherited. */
static void next_is_good(char *changed, CUdeviceptr device)
{
    char *blocks[BLOCKS];
    free(changed);
    while (!take_blocks(blocks, changed)) { /* it may have to be unpinned first */
        for (int i = 0; i < BLOCKS; i++)
            free(blocks[i]);
        nap_ms(1);
    }
    const pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < BLOCKS; i++)
            *(volatile char *)(blocks[i] + BYTES - 1) = 1; /* a fault, if it is not inherited */
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    SAME(status, 0);
    for (int i = 0; i < BLOCKS; i++) {
        OK(cu.cuMemcpyHtoD_v2(device, blocks[i], BYTES));
        DEVICE_HOLDS(device, BYTES, (uint64_t)i);
        free(blocks[i]);
    }
}

static long locked_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status))
        sscanf(line, "VmLck: %ld", &kib);
    if (status)
        fclose(status);
    return kib;
}

static char *promoted_again(CUdeviceptr device)
{
    char *block = same_site(BYTES);
    fill(block, BYTES, 5);
    OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
    promote(block, BYTES);
    return block;
}

int main(void)
{
    begin_client(100);
    const CUdeviceptr device = device_memory(BYTES);
    char *block = same_site(BYTES);
    fill(block, BYTES, 1);
    promote(block, BYTES);
    dropped_pages(block, device);
    SAME(mprotect(block, BYTES, PROT_READ), 0);
    next_is_good(block, device);
    block = promoted_again(device);
    SAME(madvise(block, BYTES, MADV_DONTFORK), 0);
    next_is_good(block, device);
    block = promoted_again(device);
    SAME(mlock(block, BYTES), 0);
    SAME(locked_kib(), BYTES / KIB);
    next_is_good(block, device);
    SAME(locked_kib(), 0);
    return 0;
}
