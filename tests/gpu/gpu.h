/* What the measuring programs of tests/gpu share beyond tests/bench/bench_cuda.h: a time limit, sizes, memory.
 *
 * Each program prints lines of words that tests/gpu/results.py reads; a line that begins with '#' says what was left
 * out and why.  All are driver-interface programs that need no toolkit.  No lock; one thread unless said. */
#ifndef AUTOPIN_GPU_GPU_H
#define AUTOPIN_GPU_GPU_H

#include <stdint.h>
#include <sys/mman.h>

#include "tests/bench/bench_cuda.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

/* Seconds since some fixed moment after which nothing new is begun. */
static double gpu_end_s;

static inline void gpu_limit(const char *seconds)
{
    gpu_end_s = bench_now_s() + (seconds ? strtod(seconds, NULL) : 60);
}

static inline int gpu_late(void)
{
    return bench_now_s() > gpu_end_s;
}

/* A figure of a file of /proc that gives it in KiB behind a key with its colon; 0 when it is not there.  Units: bytes.
 */
static inline size_t gpu_proc_bytes(const char *path, const char *key)
{
    char line[128];
    size_t kib = 0;
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            kib = strtoul(line + strlen(key), NULL, 10);
    if (file)
        fclose(file);
    return kib << 10;
}

/* Host memory that could be had, as the kernel says.  Units: bytes. */
static inline size_t gpu_host_free(void)
{
    return gpu_proc_bytes("/proc/meminfo", "MemAvailable:");
}

/* Anonymous memory that begins where a huge page does, untouched; unmapped with gpu_unmap().  advice: an madvise value,
 * or 0. */
static inline char *gpu_map(size_t bytes, int advice)
{
    const size_t huge = 2 * MIB;
    char *memory = mmap(NULL, bytes + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_need(memory != MAP_FAILED, "mmap");
    const size_t odd = (huge - (uintptr_t)memory % huge) % huge;
    if (odd)
        munmap(memory, odd);
    if (odd < huge)
        munmap(memory + odd + bytes, huge - odd);
    if (advice)
        madvise(memory + odd, bytes, advice);
    return memory + odd;
}

static inline void gpu_unmap(char *memory, size_t bytes)
{
    munmap(memory, bytes);
}

#endif
