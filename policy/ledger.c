/* The ledger of page-locked bytes and regions: see ledger.h.  No lock here: two counters, reserved by compare-and-swap.
 */
#include "ledger.h"

#include <errno.h>

#include "node_ledger.h"
#include "record.h"

/* Reserves; *level is what the account then held. */
static int account_reserve(struct account *account, uint64_t amount, uint64_t *level)
{
    const uint64_t cap = atomic_load(&account->now);
    uint64_t used = atomic_load(&account->used);
    do {
        if (amount > cap || used > cap - amount)
            return 0;
    } while (!atomic_compare_exchange_weak(&account->used, &used, used + amount));
    *level = used + amount;
    return 1;
}

static void account_peak(struct account *account, uint64_t level)
{
    uint64_t peak = atomic_load(&account->peak);
    while (peak < level && !atomic_compare_exchange_weak(&account->peak, &peak, level))
        ;
}

static void account_start(struct account *account, uint64_t cap)
{
    account->cap = cap;
    atomic_store(&account->now, cap);
    atomic_store(&account->least, cap);
}

void ledger_start(uint64_t cap_bytes, uint64_t cap_regions)
{
    account_start(&record.ledger.bytes, cap_bytes);
    account_start(&record.ledger.regions, cap_regions);
}

void ledger_set_cap_now(uint64_t bytes)
{
    const uint64_t cap = bytes < record.ledger.bytes.cap ? bytes : record.ledger.bytes.cap;
    atomic_store(&record.ledger.bytes.now, cap);
    if (cap < atomic_load(&record.ledger.bytes.least))
        atomic_store(&record.ledger.bytes.least, cap);
}

int ledger_reserve(uint64_t bytes, uint32_t regions)
{
    uint64_t bytes_level, regions_level;
    if (!account_reserve(&record.ledger.regions, regions, &regions_level))
        return -EMFILE;
    if (!account_reserve(&record.ledger.bytes, bytes, &bytes_level)) {
        atomic_fetch_sub(&record.ledger.regions.used, regions);
        return -ENOSPC;
    }
    if (node_ledger_reserve(bytes)) {
        atomic_fetch_sub(&record.ledger.bytes.used, bytes);
        atomic_fetch_sub(&record.ledger.regions.used, regions);
        return -EDQUOT;
    }
    account_peak(&record.ledger.bytes, bytes_level);
    account_peak(&record.ledger.regions, regions_level);
    return 0;
}

void ledger_release(uint64_t bytes, uint32_t regions)
{
    node_ledger_release(bytes);
    atomic_fetch_sub(&record.ledger.bytes.used, bytes);
    atomic_fetch_sub(&record.ledger.regions.used, regions);
}

void ledger_forget(void)
{
    node_ledger_forget();
    ledger_start(record.ledger.bytes.cap, record.ledger.regions.cap);
    atomic_store(&record.ledger.bytes.used, 0);
    atomic_store(&record.ledger.bytes.peak, 0);
    atomic_store(&record.ledger.regions.used, 0);
    atomic_store(&record.ledger.regions.peak, 0);
}

uint64_t ledger_cap_bytes(void)
{
    return record.ledger.bytes.cap;
}

uint64_t ledger_cap_now_bytes(void)
{
    return atomic_load(&record.ledger.bytes.now);
}

uint64_t ledger_cap_least_bytes(void)
{
    return atomic_load(&record.ledger.bytes.least);
}

uint64_t ledger_cap_regions(void)
{
    return record.ledger.regions.cap;
}

uint64_t ledger_bytes(void)
{
    return atomic_load(&record.ledger.bytes.used);
}

uint64_t ledger_regions(void)
{
    return atomic_load(&record.ledger.regions.used);
}

uint64_t ledger_peak_bytes(void)
{
    return atomic_load(&record.ledger.bytes.peak);
}

uint64_t ledger_peak_regions(void)
{
    return atomic_load(&record.ledger.regions.peak);
}

uint64_t ledger_node_cap_bytes(void)
{
    return node_ledger_cap_bytes();
}

uint64_t ledger_node_bytes(void)
{
    return node_ledger_bytes();
}

uint64_t ledger_node_peak_bytes(void)
{
    return node_ledger_peak_bytes();
}
