/* Tests of policy/ledger.c: the cap holds at every instant, for bytes and for regions. */
#include "policy/ledger.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>

TestSuite(ledger, .init = fake_reset);

static void expect_used(uint64_t bytes, uint64_t regions)
{
    cr_expect_eq(ledger_bytes(), bytes, "%llu bytes", (unsigned long long)ledger_bytes());
    cr_expect_eq(ledger_regions(), regions, "%llu regions", (unsigned long long)ledger_regions());
}

static void expect_peak(uint64_t bytes, uint64_t regions)
{
    cr_expect_eq(ledger_peak_bytes(), bytes, "peak: %llu bytes", (unsigned long long)ledger_peak_bytes());
    cr_expect_eq(ledger_peak_regions(), regions, "peak: %llu regions", (unsigned long long)ledger_peak_regions());
}

Test(ledger, rule_32_to_the_last_byte)
{
    ledger_start(100, 3);
    cr_expect_eq(ledger_cap_bytes(), 100);
    cr_expect_eq(ledger_cap_regions(), 3);
    cr_expect_eq(ledger_reserve(101, 1), -ENOSPC);
    cr_expect_eq(ledger_reserve(60, 1), 0);
    cr_expect_eq(ledger_reserve(41, 1), -ENOSPC);
    expect_used(60, 1);
    cr_expect_eq(ledger_reserve(40, 1), 0);
    expect_used(100, 2);
    cr_expect_eq(ledger_reserve(1, 1), -ENOSPC);
    ledger_release(60, 1);
    expect_used(40, 1);
    cr_expect_eq(ledger_reserve(60, 2), 0);
    expect_used(100, 3);
    expect_peak(100, 3);
}

Test(ledger, rule_32_regions)
{
    ledger_start(100, 3);
    cr_expect_eq(ledger_reserve(1, 4), -EMFILE);
    cr_expect_eq(ledger_reserve(1, 3), 0);
    cr_expect_eq(ledger_reserve(1, 1), -EMFILE);
    expect_used(1, 3);
    ledger_release(1, 3);
    expect_used(0, 0);
}

Test(ledger, a_reservation_that_fails_leaves_no_trace)
{
    ledger_start(100, 8);
    cr_expect_eq(ledger_reserve(101, 5), -ENOSPC);
    expect_used(0, 0);
    expect_peak(0, 0);
}

Test(ledger, huge_amounts_do_not_wrap)
{
    ledger_start(UINT64_MAX, UINT64_MAX);
    cr_expect_eq(ledger_reserve(UINT64_MAX - 10, 1), 0);
    cr_expect_eq(ledger_reserve(11, 1), -ENOSPC);
    cr_expect_eq(ledger_reserve(10, 1), 0);
    expect_used(UINT64_MAX, 2);
}

Test(ledger, cap_zero_grants_nothing)
{
    ledger_start(0, 10);
    cr_expect_eq(ledger_reserve(1, 1), -ENOSPC);
    expect_used(0, 0);
}

Test(ledger, rule_28_forget)
{
    ledger_start(100, 10);
    cr_expect_eq(ledger_reserve(70, 3), 0);
    ledger_forget();
    expect_used(0, 0);
    expect_peak(0, 0);
    cr_expect_eq(ledger_cap_bytes(), 100);
    cr_expect_eq(ledger_reserve(100, 10), 0);
}

enum {
    THREADS = 16,
    ROUNDS = 20000,
    CAP = 64,
    REGIONS = 20
};

/* The tests' own count, raised after a reservation and lowered before the release: never above the ledger's. */
static _Atomic uint64_t held_bytes, held_regions, over, refused;

static void *reserve_and_release(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    for (int i = 0; i < ROUNDS; i++) {
        seed = seed * 1664525u + 1013904223u;
        const uint64_t bytes = 1 + (seed >> 20) % 24;
        const uint32_t regions = 1 + (seed >> 10) % 3;
        if (ledger_reserve(bytes, regions)) {
            refused++;
            continue;
        }
        over += atomic_fetch_add(&held_bytes, bytes) + bytes > CAP;
        over += atomic_fetch_add(&held_regions, regions) + regions > REGIONS;
        over += ledger_bytes() > CAP || ledger_regions() > REGIONS;
        held_bytes -= bytes;
        held_regions -= regions;
        ledger_release(bytes, regions);
    }
    return NULL;
}

Test(ledger, rule_32_cap_under_16_threads, .timeout = 60)
{
    pthread_t thread[THREADS];
    ledger_start(CAP, REGIONS);
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, reserve_and_release, (void *)(i + 1));
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    cr_expect_eq(over, 0, "the cap was exceeded %llu times", (unsigned long long)over);
    cr_expect_leq(ledger_peak_bytes(), CAP);
    cr_expect_leq(ledger_peak_regions(), REGIONS);
    expect_used(0, 0);
}
