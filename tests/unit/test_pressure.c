/* Tests of policy/pressure.c: how much may stay page-locked, look by look. */
#include "policy/pressure.h"

#include <criterion/criterion.h>

#define MIB (1ull << 20)
#define SEC 1000000000ull

static struct pressure state;
static struct pressure_bounds bounds = {.cap_bytes = 1600 * MIB, .min_free_bytes = 400 * MIB, .most = 1000};
static struct pressure_seen seen = {.available_bytes = 4000 * MIB, .some = 0, .full = 0};
static uint64_t now_ns = 100 * SEC;

static uint64_t cap(void)
{
    return pressure_cap(&state, bounds.cap_bytes);
}

/* A second later. */
static enum pressure_why look(uint64_t pinned_mib)
{
    now_ns += SEC;
    return pressure_look(&state, &bounds, &seen, pinned_mib * MIB, now_ns);
}

static void looks(unsigned seconds, uint64_t pinned_mib, enum pressure_why why)
{
    for (unsigned i = 0; i < seconds; i++)
        cr_expect_eq(look(pinned_mib), why, "after %u s, some = %llu", i, (unsigned long long)seen.some);
}

static void expect_cap(uint64_t mib)
{
    cr_expect_eq(cap() / MIB, mib, "the cap is %llu MiB, not %llu", (unsigned long long)(cap() / MIB),
                 (unsigned long long)mib);
}

Test(pressure, nothing_known_nothing_done)
{
    seen = (struct pressure_seen){UINT64_MAX, UINT64_MAX, UINT64_MAX};
    looks(100, 1600, PRESSURE_NONE);
    expect_cap(1600);
}

Test(pressure, enough_is_enough)
{
    seen.available_bytes = 400 * MIB;
    seen.some = 999;
    looks(100, 1600, PRESSURE_NONE);
    expect_cap(1600);
}

Test(pressure, what_min_free_lacks_is_given_back)
{
    seen.available_bytes = 300 * MIB;
    cr_expect_eq(look(1000), PRESSURE_FREE);
    expect_cap(900);
    seen.available_bytes = 390 * MIB;
    cr_expect_eq(look(1000), PRESSURE_FREE, "what could not be unpinned yet is no reason to give up less");
    expect_cap(890);
    seen.available_bytes = 0;
    looks(2, 890, PRESSURE_FREE);
    looks(1, 300, PRESSURE_FREE);
    expect_cap(0);
    looks(10, 0, PRESSURE_NONE);
}

Test(pressure, without_min_free_any_amount_will_do)
{
    bounds.min_free_bytes = 0;
    seen.available_bytes = 0;
    looks(10, 1600, PRESSURE_NONE);
}

Test(pressure, a_quarter_while_some_wait_and_half_while_all_do)
{
    seen.some = 1000;
    seen.full = 999;
    cr_expect_eq(look(800), PRESSURE_WAITING);
    expect_cap(600);
    now_ns += 4 * SEC;
    seen.full = 1000;
    cr_expect_eq(look(600), PRESSURE_WAITING);
    expect_cap(300);
}

Test(pressure, off_means_any)
{
    bounds.most = 0;
    seen.some = seen.full = 10000;
    looks(100, 1600, PRESSURE_NONE);
    expect_cap(1600);
}

/* The average of ten seconds falls slowly: one stall is dealt with once. */
Test(pressure, an_average_that_falls_is_left_to_fall)
{
    static const uint64_t average[] = {3000, 3000, 2456, 2456, 2010, 2010, 1646, 1646, 1348, 1348, 1103, 1103, 903};
    unsigned lowered = 0;
    for (unsigned i = 0; i < sizeof average / sizeof *average; i++) {
        seen.some = average[i];
        lowered += look(800) == PRESSURE_WAITING;
    }
    cr_expect_eq(lowered, 1);
    expect_cap(600);
}

Test(pressure, one_that_stays_takes_more_every_four_seconds)
{
    unsigned lowered = 0;
    seen.some = 3000;
    for (unsigned i = 0; i < 40; i++)
        lowered += look(cap() / MIB) == PRESSURE_WAITING;
    cr_expect_eq(lowered, 10);
    cr_expect_leq(cap(), 100 * MIB);
}

static void lower(void)
{
    seen.available_bytes = 300 * MIB;
    cr_assert_eq(look(900), PRESSURE_FREE);
    expect_cap(800);
}

Test(pressure, it_comes_back_slowly_once_it_has_been_calm)
{
    lower();
    seen.available_bytes = 4000 * MIB;
    looks(9, 800, PRESSURE_NONE);
    expect_cap(800);
    looks(1, 800, PRESSURE_NONE);
    expect_cap(900);
    looks(1, 800, PRESSURE_NONE);
    expect_cap(900);
    looks(1, 800, PRESSURE_NONE);
    expect_cap(1000);
    looks(12, 800, PRESSURE_NONE);
    cr_expect_eq(cap(), bounds.cap_bytes);
    cr_expect_eq(state.lowered, 0);
}

/* Between enough and calm lies a band in which nothing changes. */
Test(pressure, what_is_not_calm_begins_the_wait_anew)
{
    lower();
    seen.available_bytes = 450 * MIB;
    looks(100, 800, PRESSURE_NONE);
    seen.available_bytes = 4000 * MIB;
    seen.some = 500;
    looks(100, 800, PRESSURE_NONE);
    expect_cap(800);
    seen.some = 499;
    looks(9, 800, PRESSURE_NONE);
    expect_cap(800);
    looks(1, 800, PRESSURE_NONE);
    expect_cap(900);
}

Test(pressure, it_grows_by_half_of_what_is_to_spare)
{
    lower();
    seen.available_bytes = 520 * MIB;
    looks(10, 800, PRESSURE_NONE);
    expect_cap(810);
}

/* Nobody looks while nothing is pinned. */
Test(pressure, a_long_sleep_that_ends_in_calm_was_calm)
{
    lower();
    now_ns += 3600 * SEC;
    seen.available_bytes = 4000 * MIB;
    looks(1, 0, PRESSURE_NONE);
    expect_cap(1600);
}

Test(pressure, a_long_sleep_that_does_not_end_in_calm_was_not)
{
    lower();
    now_ns += 3600 * SEC;
    seen.available_bytes = 450 * MIB;
    looks(1, 0, PRESSURE_NONE);
    expect_cap(800);
}

/* A program that pins all it may, and a machine that bears less than that: the cap comes to rest. */
Test(pressure, it_does_not_swing)
{
    const uint64_t bearable = 1000 * MIB;
    unsigned lowered = 0;
    uint64_t average = 0;
    for (unsigned i = 0; i < 3600; i++) {
        average = (average * 82 + (cap() > bearable ? 4000 : 0) * 18) / 100; /* each two seconds, in truth */
        seen.some = average;
        lowered += look(cap() / MIB) != PRESSURE_NONE;
        cr_assert_geq(cap(), 300 * MIB);
    }
    cr_expect_geq(lowered, 3);
    cr_expect_leq(lowered, 40, "lowered %u times in an hour", lowered);
}

Test(pressure, an_old_shortage_is_forgotten)
{
    for (int i = 0; i < 3; i++) {
        lower();
        seen.available_bytes = 4000 * MIB;
        now_ns += 1000 * SEC;
        looks(1, 800, PRESSURE_NONE);
        expect_cap(1600);
        cr_expect_eq(state.calm_ns, 10 * SEC);
    }
}
