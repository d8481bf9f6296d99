/* The application's own registrations.  See app_ranges.h: a uthash table keyed by base address. */
#include "app_ranges.h"

#include <stdint.h>

#include "policy/lock.h"
#include "policy/table.h"

struct range {
    uint64_t base;
    size_t bytes;
    CUcontext context;
    UT_hash_handle hh;
};

static struct lock ranges_lock = LOCK_OF(RANK_START);
static struct range *ranges;
static _Atomic unsigned n_ranges; /* changed under the lock */

void app_range_add(void *base, size_t bytes)
{
    int table_failed = 0;
    struct range *range = mem_get(sizeof *range);
    if (!range)
        return;
    range->base = (uint64_t)(uintptr_t)base;
    range->bytes = bytes;
    range->context = driver_context();
    lock_take(&ranges_lock);
    HASH_ADD(hh, ranges, base, sizeof range->base, range);
    atomic_fetch_add(&n_ranges, !table_failed);
    lock_drop(&ranges_lock);
    if (table_failed)
        mem_put(range, sizeof *range);
}

int app_ranges_overlap(uintptr_t base, size_t bytes)
{
    if (atomic_load(&n_ranges) == 0)
        return 0;
    lock_take(&ranges_lock);
    const struct range *range = ranges;
    while (range && (range->base >= base + bytes || base >= range->base + range->bytes))
        range = range->hh.next;
    lock_drop(&ranges_lock);
    return range != NULL;
}

/* Lock: ranges_lock. */
static void take_out(struct range *range)
{
    HASH_DEL(ranges, range);
    atomic_fetch_sub(&n_ranges, 1);
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
        take_out(range);
    lock_drop(&ranges_lock);
    if (range)
        mem_put(range, sizeof *range);
    return range != NULL;
}

static struct range *take_ending(const struct ending *ending)
{
    lock_take(&ranges_lock);
    struct range *range = ranges;
    while (range && !ending_covers(ending, range->context))
        range = range->hh.next;
    if (range)
        take_out(range);
    lock_drop(&ranges_lock);
    return range;
}

void app_ranges_end(const struct ending *ending, void (*ended)(void *base, size_t bytes))
{
    struct range *range;
    while ((range = take_ending(ending))) {
        ended((void *)(uintptr_t)range->base, range->bytes); /* NOLINT(performance-no-int-to-ptr) */
        mem_put(range, sizeof *range);
    }
}

void app_ranges_fork_take(void)
{
    lock_take(&ranges_lock);
}

void app_ranges_fork_drop(void)
{
    lock_drop(&ranges_lock);
}
