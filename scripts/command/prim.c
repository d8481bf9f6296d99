/* policy/prim.h for a process that pins nothing: memory, the clock, messages.  See command.h.  No lock. */
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

/* What follows is linked, but never called: there is no block and no other thread. */

struct tally *prim_tally(void)
{
    return NULL;
}

struct tally *prim_tally_at(unsigned number)
{
    (void)number;
    return NULL;
}

void *prim_node_map(size_t bytes)
{
    (void)bytes;
    return NULL;
}

uint64_t prim_process(void)
{
    return 1;
}

int prim_process_lives(uint64_t name)
{
    (void)name;
    return 0;
}

void prim_wait(_Atomic uint32_t *word, uint32_t seen)
{
    (void)word, (void)seen;
}

void prim_wake(_Atomic uint32_t *word)
{
    (void)word;
}

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

int prim_keeps(const struct block *block)
{
    (void)block;
    return 0;
}

void prim_each_block(void (*act)(struct block *block))
{
    (void)act;
}

void prim_kick(void)
{
}
