/* Facts about time: what registering costs by size and state of the pages, and how fast copies are by size. */
#define _GNU_SOURCE
#include "tests/gpu/facts.h"

#include <sys/mman.h>

enum {
    REPEATS = 3
};

enum state {
    COLD,
    RESIDENT,
    HUGE_PAGES
};

static void register_cost(size_t bytes, enum state state)
{
    static const char *const names[] = {"cold", "resident", "huge"};
    double pin[REPEATS], unpin[REPEATS];
    char name[64];
    for (int i = 0; i < REPEATS; i++) {
        char *memory = map_pages(bytes, state == HUGE_PAGES ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
        if (state != COLD)
            bench_touch(memory, bytes);
        double start = bench_now_s();
        CUresult result = cu.host_register(memory, bytes, CU_MEMHOSTREGISTER_PORTABLE);
        double middle = bench_now_s();
        if (result != CUDA_SUCCESS) {
            fact("register_cost", "%zu MiB: error %d", bytes / MIB, result);
            munmap(memory, bytes);
            return;
        }
        must(cu.host_unregister(memory), "cuMemHostUnregister");
        pin[i] = middle - start;
        unpin[i] = bench_now_s() - middle;
        munmap(memory, bytes);
    }
    double mib = (double)bytes / MIB;
    snprintf(name, sizeof name, "register_%zu_MiB_%s", bytes / MIB, names[state]);
    fact(name, "%.2f us per MiB, unregister %.2f us per MiB", bench_median(pin, REPEATS) * 1e6 / mib,
         bench_median(unpin, REPEATS) * 1e6 / mib);
}

static double copy_gb_per_s(int to_host, char *host, CUdeviceptr device, size_t bytes)
{
    enum {
        COPIES = 9
    };
    double taken[COPIES];
    for (int i = -2; i < COPIES; i++) {
        double start = bench_now_s();
        must(to_host ? cu.d2h(host, device, bytes) : cu.h2d(device, host, bytes), "copy");
        if (i >= 0)
            taken[i] = bench_now_s() - start;
    }
    return (double)bytes / bench_median(taken, COPIES) * 1e-9;
}

static void copy_speed(void)
{
    static const size_t sizes[] = {4 * KIB, 64 * KIB, 256 * KIB, 512 * KIB, MIB,
                                   4 * MIB, 16 * MIB, 64 * MIB,  256 * MIB};
    size_t largest = 256 * MIB;
    char *pageable = map_pages(largest, MADV_NOHUGEPAGE), *huge = map_pages(largest, MADV_HUGEPAGE), name[64];
    CUdeviceptr device;
    void *pinned;

    bench_touch(pageable, largest);
    bench_touch(huge, largest);
    must(cu.host_alloc(&pinned, largest, 0), "cuMemHostAlloc");
    must(cu.mem_alloc(&device, largest), "cuMemAlloc");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int to_host = 0; to_host < 2; to_host++) {
            double slow = copy_gb_per_s(to_host, pageable, device, sizes[i]);
            double slow_huge = copy_gb_per_s(to_host, huge, device, sizes[i]);
            double fast = copy_gb_per_s(to_host, pinned, device, sizes[i]);
            snprintf(name, sizeof name, "copy_%s_%zu_KiB", to_host ? "d2h" : "h2d", sizes[i] / KIB);
            fact(name, "pageable %.2f GB/s, pageable in huge pages %.2f, pinned %.2f, ratio %.2f", slow, slow_huge,
                 fast, fast / slow);
        }
    }
    cu.mem_free(device);
    cu.host_free(pinned);
    munmap(pageable, largest);
    munmap(huge, largest);
}

void facts_speed(void)
{
    static const size_t sizes[] = {1, 64, 256, 512, 1024};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int state = COLD; state <= HUGE_PAGES; state++)
            register_cost(sizes[i] * MIB, (enum state)state);
    copy_speed();
}
