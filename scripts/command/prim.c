/* policy/prim.h for a process that pins nothing: memory, the clock, messages.  What is about others is in
 * policy/replay/alone.c.  See command.h.  No lock. */
#include "policy/prim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t prim_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

uint64_t prim_coarse_ns(void)
{
    return prim_now_ns();
}

void *prim_map(size_t bytes)
{
    return calloc(1, bytes);
}

void prim_unmap(void *mem, size_t bytes)
{
    (void)bytes;
    free(mem);
}

void prim_log(int level, const char *fmt, ...)
{
    va_list args;
    (void)level;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

/* What follows is linked, but never called: there is no block. */

int prim_memory_take(uint64_t bytes, uint64_t spare)
{
    (void)bytes, (void)spare;
    return 0;
}

size_t prim_resident_bytes(const void *base, size_t bytes)
{
    (void)base;
    return bytes;
}

int prim_pin(struct block *block)
{
    (void)block;
    return -ENOSYS;
}

int prim_unpin(struct block *block)
{
    (void)block;
    return -ENOSYS;
}

void prim_release(struct block *block, int keep)
{
    (void)block, (void)keep;
}

void prim_kick(void)
{
}
