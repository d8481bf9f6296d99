/* Copies ranges to the device and back that were never copied before and never are again, through the driver interface.
 *
 * usage: cold_copies mmap|file|pinned MIB COPIES
 *   mmap    anonymous memory of the program's own, touched      file  a file mapped read-only, in the page cache
 *   pinned  memory from cuMemHostAlloc: what no cold copy can beat
 * output: one line per way of copying, "WAY GB_PER_S GB_PER_S", the first copy's and the median; exit 77 without a
 * driver or device. */
#define _GNU_SOURCE
#include "tests/bench/bench_cuda.h"
#include "tests/bench/cold.h"

static struct bench_cuda cu;
static CUdeviceptr device;

static char *get(const char *kind, int fd, size_t bytes)
{
    void *memory = NULL;
    if (kind[0] != 'p')
        return cold_map(fd, bytes);
    bench_need(cu.cuMemHostAlloc(&memory, bytes, 0) == CUDA_SUCCESS, "cuMemHostAlloc");
    bench_touch(memory, bytes);
    return memory;
}

static void put(const char *kind, char *memory, size_t bytes)
{
    if (kind[0] == 'p')
        cu.cuMemFreeHost(memory);
    else
        munmap(memory, bytes);
}

int main(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "mmap";
    const size_t bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 64) << 20;
    const size_t copies = argc > 3 ? strtoul(argv[3], NULL, 10) : 9;
    double *taken = calloc(copies, sizeof *taken);
    cu = bench_cuda();
    bench_need(cu.cuMemAlloc_v2(&device, bytes) == CUDA_SUCCESS, "cuMemAlloc");
    const int fd = strcmp(kind, "file") == 0 ? cold_file(bytes) : -1;
    for (int way = 0; way < BENCH_WAYS; way++) {
        if (fd >= 0 && (way == BENCH_D2H || way == BENCH_D2H_ASYNC))
            continue;
        for (size_t i = 0; i < copies; i++) {
            char *memory = get(kind, fd, bytes);
            taken[i] = bench_copy_s(&cu, way, device, memory, bytes, NULL);
            put(kind, memory, bytes);
        }
        const double first = taken[0]; /* before they are sorted */
        printf("%s %.2f %.2f\n", bench_way_names[way], (double)bytes / first * 1e-9,
               (double)bytes / bench_median(taken, copies) * 1e-9);
    }
    free(taken);
    return 0;
}
