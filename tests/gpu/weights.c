/* Loads "weights": a file mapped read-only goes to the device tensor by tensor, from the page cache and from the disk.
 *
 * usage: weights MODE LABEL LIMIT_S PATH MIB       PATH is written unless it is there already
 *   map     each tensor is copied from the mapping: what a loader does, with autopin and without
 *   staged  through two pinned buffers of 32 MiB, filled from the mapping      read  the same, filled with pread()
 * output: "weights LABEL cached|uncached BYTES GB_PER_S RESIDENT": the median, mapping and unmapping included; RESIDENT
 * is the percentage of the file that was in the page cache.  Exit 77 without a driver or device. */
#define _GNU_SOURCE
#include "tests/gpu/gpu.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ROUNDS = 5,
    UNCACHED_ROUNDS = 3
};
#define TENSOR (64 * MIB)
#define BUFFER (32 * MIB)

static struct bench_cuda cu;
static CUdeviceptr device;
static char *buffer[2];
static CUevent event[2];

static int open_weights(const char *path, size_t bytes)
{
    struct stat status;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bench_need(fd >= 0 && fstat(fd, &status) == 0, path);
    if ((size_t)status.st_size == bytes)
        return fd;
    char *chunk = malloc(MIB);
    memset(chunk, 7, MIB);
    for (size_t at = 0; at < bytes; at += MIB)
        bench_need(pwrite(fd, chunk, MIB, (off_t)at) == (ssize_t)MIB, "pwrite");
    free(chunk);
    bench_need(fsync(fd) == 0, "fsync");
    return fd;
}

static void map_all(char *file, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += TENSOR)
        bench_need(cu.cuMemcpyHtoD_v2(device + at, file + at, TENSOR) == CUDA_SUCCESS, "to the device");
}

/* As a careful author would write it: while one buffer is on the link, the other is filled. */
static void stage_all(char *file, int fd, size_t bytes)
{
    int turn = 0;
    for (size_t at = 0; at < bytes; at += BUFFER, turn ^= 1) {
        bench_need(cu.cuEventSynchronize(event[turn]) == CUDA_SUCCESS, "cuEventSynchronize");
        if (fd < 0)
            memcpy(buffer[turn], file + at, BUFFER);
        else
            bench_need(pread(fd, buffer[turn], BUFFER, (off_t)at) == (ssize_t)BUFFER, "pread");
        bench_need(cu.cuMemcpyHtoDAsync_v2(device + at, buffer[turn], BUFFER, cu.stream) == CUDA_SUCCESS, "copy");
        bench_need(cu.cuEventRecord(event[turn], cu.stream) == CUDA_SUCCESS, "cuEventRecord");
    }
    bench_need(cu.cuStreamSynchronize(cu.stream) == CUDA_SUCCESS, "cuStreamSynchronize");
}

/* Units: percent. */
static int resident(int fd, size_t bytes)
{
    const size_t pages = bytes / 4096;
    unsigned char *there = calloc(pages, 1);
    char *file = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    size_t n = 0;
    if (file != MAP_FAILED && mincore(file, bytes, there) == 0)
        for (size_t i = 0; i < pages; i++)
            n += there[i] & 1;
    munmap(file, bytes);
    free(there);
    return (int)(n * 100 / pages);
}

static void set_cache(int fd, size_t bytes, int cached)
{
    char *chunk = malloc(MIB);
    if (!cached)
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    else if (resident(fd, bytes) < 100)
        for (size_t at = 0; at < bytes; at += MIB)
            bench_need(pread(fd, chunk, MIB, (off_t)at) == (ssize_t)MIB, "pread");
    free(chunk);
}

static void measure(const char *mode, const char *label, int fd, size_t bytes, int cached)
{
    double taken[ROUNDS];
    size_t n = 0;
    int there = 0;
    for (; n < (cached ? ROUNDS : UNCACHED_ROUNDS) && !gpu_late(); n++) {
        set_cache(fd, bytes, cached);
        there = resident(fd, bytes);
        const double start = bench_now_s();
        char *file = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
        bench_need(file != MAP_FAILED, "mmap");
        if (mode[0] == 'm')
            map_all(file, bytes);
        else
            stage_all(file, mode[0] == 'r' ? fd : -1, bytes);
        munmap(file, bytes);
        taken[n] = bench_now_s() - start;
    }
    if (n)
        printf("weights %s %s %zu %.3f %d\n", label, cached ? "cached" : "uncached", bytes,
               (double)bytes / bench_median(taken, n) * 1e-9, there);
    else
        printf("# weights %s %s: no time left\n", label, cached ? "cached" : "uncached");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "map", *label = argc > 2 ? argv[2] : mode;
    const size_t bytes = (argc > 5 ? strtoul(argv[5], NULL, 10) : 1024) * MIB / TENSOR * TENSOR;
    gpu_limit(argc > 3 ? argv[3] : NULL);
    cu = bench_cuda();
    if (bytes > gpu_host_free() / 3 || cu.cuMemAlloc_v2(&device, bytes) != CUDA_SUCCESS) {
        printf("# weights %s: there is no memory for %zu MiB\n", label, bytes / MIB);
        return 0;
    }
    const int fd = open_weights(argc > 4 ? argv[4] : "weights.bin", bytes);
    for (int i = 0; i < 2 && mode[0] != 'm'; i++) {
        bench_need(cu.cuMemHostAlloc((void **)&buffer[i], BUFFER, 0) == CUDA_SUCCESS, "cuMemHostAlloc");
        bench_need(cu.cuEventCreate(&event[i], CU_EVENT_DISABLE_TIMING) == CUDA_SUCCESS, "cuEventCreate");
    }
    measure(mode, label, fd, bytes, 1);
    measure(mode, label, fd, bytes, 0);
    return 0;
}
