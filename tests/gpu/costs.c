/* What page-locking costs, by the kind of the pages, by size, in parallel, and after making the pages huge.
 *
 * usage: costs LIMIT_S [MOST_MIB]
 * output: "cost KIND BYTES PREPARE REGISTER UNREGISTER HUGE": us per MiB, medians; HUGE is the share of the memory that
 * lay in huge pages, in percent.  PREPARE is what came before, the program's own first touch not counted:
 *   cold       4 KiB pages, never touched            resident   4 KiB pages, touched
 *   populated  cold, MADV_POPULATE_WRITE before      huge       MADV_HUGEPAGE, touched
 *   collapsed  resident, MADV_COLLAPSE before        hugetlb    MAP_HUGETLB, touched
 *   alloc      cuMemHostAlloc and cuMemFreeHost      cold_tN, resident_tN   N threads, a part each
 *   cold_pieces, resident_pieces                     one thread, pieces of 256 MiB
 * Exit 77 without a driver or device. */
#define _GNU_SOURCE
#include "tests/gpu/gpu.h"

#include <pthread.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

enum {
    REPEATS = 3,
    THREADS_MOST = 8
};

static const struct kind {
    const char *name;
    int advice, touch, prepare; /* an madvise value, or 0 */
    int hugetlb, alloc;
    unsigned parts; /* 0: one call */
    int threads;    /* one for each part */
} kinds[] = {
    {"resident", MADV_NOHUGEPAGE, 1, 0, 0, 0, 0, 0},
    {"cold", MADV_NOHUGEPAGE, 0, 0, 0, 0, 0, 0},
    {"populated", MADV_NOHUGEPAGE, 0, MADV_POPULATE_WRITE, 0, 0, 0, 0},
    {"huge", MADV_HUGEPAGE, 1, 0, 0, 0, 0, 0},
    {"collapsed", 0, 1, MADV_COLLAPSE, 0, 0, 0, 0},
    {"hugetlb", 0, 1, 0, 1, 0, 0, 0},
    {"alloc", 0, 0, 0, 0, 1, 0, 0},
};
static const struct kind large[] = {
    {"resident_pieces", MADV_NOHUGEPAGE, 1, 0, 0, 0, 4, 0}, {"resident_t2", MADV_NOHUGEPAGE, 1, 0, 0, 0, 2, 1},
    {"resident_t4", MADV_NOHUGEPAGE, 1, 0, 0, 0, 4, 1},     {"resident_t8", MADV_NOHUGEPAGE, 1, 0, 0, 0, 8, 1},
    {"cold_pieces", MADV_NOHUGEPAGE, 0, 0, 0, 0, 4, 0},     {"cold_t2", MADV_NOHUGEPAGE, 0, 0, 0, 0, 2, 1},
    {"cold_t4", MADV_NOHUGEPAGE, 0, 0, 0, 0, 4, 1},         {"cold_t8", MADV_NOHUGEPAGE, 0, 0, 0, 0, 8, 1},
    {"huge_t4", MADV_HUGEPAGE, 1, 0, 0, 0, 4, 1},
};
static struct bench_cuda cu;

struct part {
    char *memory;
    size_t bytes;
    int unregister;
    CUresult result;
};

static void *run_part(void *arg)
{
    struct part *part = arg;
    cu.cuCtxSetCurrent(cu.context);
    part->result = part->unregister ? cu.cuMemHostUnregister(part->memory)
                                    : cu.cuMemHostRegister_v2(part->memory, part->bytes, CU_MEMHOSTREGISTER_PORTABLE);
    return NULL;
}

/* Registers or unregisters, in as many parts as the kind says.  Returns the seconds, or -1. */
static double lock_s(const struct kind *kind, char *memory, size_t bytes, int unregister)
{
    const unsigned parts = kind->parts ? kind->parts : 1;
    struct part part[THREADS_MOST];
    pthread_t threads[THREADS_MOST];
    const double start = bench_now_s();
    for (unsigned i = 0; i < parts; i++) {
        part[i] = (struct part){memory + bytes / parts * i, bytes / parts, unregister, 0};
        if (kind->threads)
            bench_need(pthread_create(&threads[i], NULL, run_part, &part[i]) == 0, "pthread_create");
        else
            run_part(&part[i]);
    }
    double s = -1;
    int failed = 0;
    for (unsigned i = 0; i < parts; i++) {
        if (kind->threads)
            pthread_join(threads[i], NULL);
        failed |= part[i].result != CUDA_SUCCESS;
    }
    s = bench_now_s() - start;
    if (failed)
        printf("# cost %s: %s: error %d\n", kind->name, unregister ? "unregister" : "register", part[0].result);
    return failed ? -1 : s;
}

/* Units: bytes. */
static double huge_now(void)
{
    return (double)gpu_proc_bytes("/proc/self/smaps_rollup", "AnonHugePages:");
}

static char *get(const struct kind *kind, size_t bytes)
{
    char *memory = NULL;
    if (kind->hugetlb) {
        memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
        if (memory == MAP_FAILED)
            return NULL;
    } else {
        memory = gpu_map(bytes, kind->advice);
    }
    if (kind->touch)
        bench_touch(memory, bytes);
    return memory;
}

/* One round: us per MiB for {prepare, register, unregister}, and the percentage in huge pages.  Returns whether it
 * could be done. */
static int cost_round(const struct kind *kind, size_t bytes, double out[4])
{
    const double to_us_per_mib = 1e6 * (double)MIB / (double)bytes, huge_before = huge_now();
    void *allocated = NULL;
    double start = bench_now_s();
    if (kind->alloc) {
        if (cu.cuMemHostAlloc(&allocated, bytes, CU_MEMHOSTREGISTER_PORTABLE) != CUDA_SUCCESS)
            return 0;
        const double middle = bench_now_s();
        cu.cuMemFreeHost(allocated);
        out[0] = 0, out[3] = 0;
        out[1] = (middle - start) * to_us_per_mib;
        out[2] = (bench_now_s() - middle) * to_us_per_mib;
        return 1;
    }
    char *memory = get(kind, bytes);
    if (!memory)
        return 0;
    start = bench_now_s();
    const int prepared = !kind->prepare || madvise(memory, bytes, kind->prepare) == 0;
    out[0] = kind->prepare ? (bench_now_s() - start) * to_us_per_mib : 0;
    out[3] = kind->hugetlb ? 100 : (huge_now() - huge_before) / (double)bytes * 100;
    const double pin = prepared ? lock_s(kind, memory, bytes, 0) : -1,
                 unpin = pin < 0 ? -1 : lock_s(kind, memory, bytes, 1);
    out[1] = pin * to_us_per_mib;
    out[2] = unpin * to_us_per_mib;
    gpu_unmap(memory, bytes);
    return unpin >= 0;
}

static void cost(const struct kind *kind, size_t bytes)
{
    double figures[4][REPEATS], one[4];
    size_t n = 0;
    for (; n < REPEATS && !gpu_late() && cost_round(kind, bytes, one); n++)
        for (int i = 0; i < 4; i++)
            figures[i][n] = one[i];
    if (n == 0) {
        printf("# cost %s %zu MiB: %s\n", kind->name, bytes / MIB, gpu_late() ? "no time left" : "not to be had here");
        return;
    }
    printf("cost %s %zu %.2f %.2f %.2f %.0f\n", kind->name, bytes, bench_median(figures[0], n),
           bench_median(figures[1], n), bench_median(figures[2], n), bench_median(figures[3], n));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const size_t most = (argc > 2 ? strtoul(argv[2], NULL, 10) : 1024) * MIB;
    gpu_limit(argc > 1 ? argv[1] : NULL);
    cu = bench_cuda();
    if (gpu_host_free() / 3 < most) {
        printf("# cost: there is not enough memory for %zu MiB\n", most / MIB);
        return 0;
    }
    cost(&kinds[0], MIB); /* the driver's first registration sets things up */
    for (size_t bytes = MIB; bytes <= most; bytes *= 4)
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            cost(&kinds[i], bytes);
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        cost(&large[i], most);
    return 0;
}
