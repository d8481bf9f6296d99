/* Memory limits and pressure.  See memory.h and policy/limits.h, which reads the files. */
#define _GNU_SOURCE
#include "memory.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "life.h"
#include "policy/limits.h"
#include "policy/pressure.h"
#include "policy/prim.h"
#include "system.h"

static uint64_t least(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

uint64_t memory_limit_bytes(void)
{
    struct limits limits;
    struct rlimit space;
    if (limits_read_most(&limits, system_read_file))
        return 0;
    uint64_t limit = least(limits.ram_bytes, limits.group_bytes);
    if (getrlimit(RLIMIT_AS, &space) == 0)
        limit = least(limit, space.rlim_cur);
    return limit == UINT64_MAX ? 0 : limit;
}

uint64_t memory_available_bytes(void)
{
    struct limits limits;
    if (limits_read(&limits, system_read_file))
        return 0;
    const uint64_t most = life_options()->max_pressure;
    if (most && limits.some != UINT64_MAX && limits.some >= most)
        return 0;
    return least(limits.available_bytes, limits.room_bytes);
}

/* Pins often come in bursts: what was true a few milliseconds ago, less what was given since, is good enough. */
int prim_memory_take(uint64_t bytes, uint64_t spare)
{
    static _Atomic uint64_t left, known_at;
    static const uint64_t fresh_ns = 50000000;
    const uint64_t now = prim_now_ns();
    if (known_at == 0 || now - known_at > fresh_ns) {
        left = memory_available_bytes();
        known_at = now;
    }
    uint64_t have = left;
    do {
        if (have < spare || have - spare < bytes)
            return 0;
    } while (!atomic_compare_exchange_weak(&left, &have, have - bytes));
    return 1;
}

void prim_memory_look(struct pressure_seen *seen)
{
    static struct limits_room room; /* the worker's */
    struct limits limits;
    limits_read_in(&room, &limits, system_read_file);
    *seen = (struct pressure_seen){least(limits.available_bytes, limits.room_bytes), limits.some, limits.full};
}

size_t prim_resident_bytes(const void *base, size_t bytes)
{
    enum {
        PAGES = 2048
    };
    const size_t page = (size_t)getpagesize(), step = PAGES * page;
    unsigned char there[PAGES];
    size_t pages = 0;
    for (size_t at = 0; at < bytes; at += step) {
        const size_t part = bytes - at < step ? bytes - at : step;
        if (mincore((char *)base + at, part, there))
            return bytes;
        for (size_t i = 0; i < part / page; i++)
            pages += there[i] & 1u;
    }
    return pages * page;
}
