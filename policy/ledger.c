/* The ledger of page-locked bytes and regions: see ledger.h.  No lock here: two counters, reserved by compare-and-swap.
 */
#include "ledger.h"

#include <errno.h>
#include <stdatomic.h>

#include "node_ledger.h"

struct account {
    uint64_t cap;           /* the user's */
    _Atomic uint64_t now;   /* the cap in force: never above that */
    _Atomic uint64_t least; /* the lowest that it was */
    _Atomic uint64_t used, peak;
};

static struct account bytes_account, regions_account;

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
    account_start(&bytes_account, cap_bytes);
    account_start(&regions_account, cap_regions);
}

void ledger_set_cap_now(uint64_t bytes)
{
    const uint64_t cap = bytes < bytes_account.cap ? bytes : bytes_account.cap;
    atomic_store(&bytes_account.now, cap);
    if (cap < atomic_load(&bytes_account.least))
        atomic_store(&bytes_account.least, cap);
}

int ledger_reserve(uint64_t bytes, uint32_t regions)
{
    uint64_t bytes_level, regions_level;
    if (!account_reserve(&regions_account, regions, &regions_level))
        return -EMFILE;
    if (!account_reserve(&bytes_account, bytes, &bytes_level)) {
        atomic_fetch_sub(&regions_account.used, regions);
        return -ENOSPC;
    }
    if (node_ledger_reserve(bytes)) {
        atomic_fetch_sub(&bytes_account.used, bytes);
        atomic_fetch_sub(&regions_account.used, regions);
        return -EDQUOT;
    }
    account_peak(&bytes_account, bytes_level);
    account_peak(&regions_account, regions_level);
    return 0;
}

void ledger_release(uint64_t bytes, uint32_t regions)
{
    node_ledger_release(bytes);
    atomic_fetch_sub(&bytes_account.used, bytes);
    atomic_fetch_sub(&regions_account.used, regions);
}

void ledger_forget(void)
{
    node_ledger_forget();
    ledger_start(bytes_account.cap, regions_account.cap);
    atomic_store(&bytes_account.used, 0);
    atomic_store(&bytes_account.peak, 0);
    atomic_store(&regions_account.used, 0);
    atomic_store(&regions_account.peak, 0);
}

uint64_t ledger_cap_bytes(void)
{
    return bytes_account.cap;
}

uint64_t ledger_cap_now_bytes(void)
{
    return atomic_load(&bytes_account.now);
}

uint64_t ledger_cap_least_bytes(void)
{
    return atomic_load(&bytes_account.least);
}

uint64_t ledger_cap_regions(void)
{
    return regions_account.cap;
}

uint64_t ledger_bytes(void)
{
    return atomic_load(&bytes_account.used);
}

uint64_t ledger_regions(void)
{
    return atomic_load(&regions_account.used);
}

uint64_t ledger_peak_bytes(void)
{
    return atomic_load(&bytes_account.peak);
}

uint64_t ledger_peak_regions(void)
{
    return atomic_load(&regions_account.peak);
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
