/* Memory that was never copied before.  For benches; includes what needs _GNU_SOURCE. */
#ifndef AUTOPIN_BENCH_COLD_H
#define AUTOPIN_BENCH_COLD_H

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/bench/bench.h"

/* A file in the page cache, in the working directory for a moment.  Owns: the caller the descriptor. */
static inline int cold_file(size_t bytes)
{
    char path[] = "cold_copies_XXXXXX";
    const int fd = mkstemp(path);
    bench_need(fd >= 0 && unlink(path) == 0, "mkstemp");
    char *chunk = malloc(1 << 20);
    memset(chunk, 7, 1 << 20);
    for (size_t at = 0; at < bytes; at += 1 << 20)
        bench_need(write(fd, chunk, 1 << 20) == 1 << 20, "write");
    free(chunk);
    return fd;
}

/* Of a file that is mapped read-only, or (-1) memory of the program's own, touched. */
static inline char *cold_map(int fd, size_t bytes)
{
    char *memory = fd >= 0 ? mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0)
                           : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_need(memory != MAP_FAILED, "mmap");
    if (fd < 0)
        bench_touch(memory, bytes);
    return memory;
}

#endif
