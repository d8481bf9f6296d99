/* The application's own registrations.  See app_ranges.h: a uthash table keyed by base address. */
#include "app_ranges.h"

#include <stdint.h>

#include "policy/lock.h"
#include "policy/table.h"

struct range {
    uint64_t base;
    size_t bytes;
    UT_hash_handle hh;
};

static struct lock ranges_lock = {.rank = RANK_START};
static struct range *ranges;

void app_range_add(void *base, size_t bytes)
{
    int table_failed = 0;
    struct range *range = mem_get(sizeof *range);
    if (!range)
        return;
    range->base = (uint64_t)(uintptr_t)base;
    range->bytes = bytes;
    lock_take(&ranges_lock);
    HASH_ADD(hh, ranges, base, sizeof range->base, range);
    lock_drop(&ranges_lock);
    if (table_failed)
        mem_put(range, sizeof *range);
}

static struct range *find(const void *base)
{
    struct range *range = NULL;
    const uint64_t key = (uint64_t)(uintptr_t)base;
    HASH_FIND(hh, ranges, &key, sizeof key, range);
    return range;
}

int app_range_find(const void *base, size_t *bytes)
{
    lock_take(&ranges_lock);
    const struct range *range = find(base);
    if (range)
        *bytes = range->bytes;
    lock_drop(&ranges_lock);
    return range != NULL;
}

int app_range_remove(const void *base)
{
    lock_take(&ranges_lock);
    struct range *range = find(base);
    if (range)
        HASH_DEL(ranges, range);
    lock_drop(&ranges_lock);
    if (range)
        mem_put(range, sizeof *range);
    return range != NULL;
}

void app_ranges_fork_take(void)
{
    lock_take(&ranges_lock);
}

void app_ranges_fork_drop(void)
{
    lock_drop(&ranges_lock);
}
