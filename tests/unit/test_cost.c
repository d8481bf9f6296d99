/* Tests of policy/cost.c: constants until measured, then what was measured. */
#include "policy/cost.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>
#include <math.h>

TestSuite(cost, .init = fake_reset);

#define MIB (1ull << 20)

static void expect_near(uint64_t value, double want)
{
    cr_expect(fabs((double)value - want) <= want / 50 + 1, "%llu, not %g", (unsigned long long)value, want);
}

Test(cost, constants_until_measured)
{
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        cr_expect_not(cost_copy_samples(dir, WAY_PLAIN));
        cr_expect_not(cost_copy_samples(dir, WAY_DIRECT));
        expect_near(cost_copy_ps_per_byte(dir, WAY_PLAIN), 1000 / 8.0); /* 8 GB/s */
        expect_near(cost_copy_ps_per_byte(dir, WAY_DIRECT), 1000 / 50.0);
        expect_near(cost_excess_ns(dir, WAY_PLAIN, 1000 * MIB), 1000 * MIB * (1 / 8.0 - 1 / 50.0));
    }
    expect_near(cost_pin_ns(MIB), (119 + 34) * 1000);
    expect_near(cost_fault_ns(MIB, 0), 282 * 1000);
    cr_expect_eq(cost_excess_ns(DIR_H2D, WAY_PLAIN, 0), 0);
}

Test(cost, first_copy_replaces_the_constant)
{
    cost_copy_seen(DIR_H2D, WAY_PLAIN, 10 * MIB, 10 * MIB); /* 1 GB/s */
    cr_expect(cost_copy_samples(DIR_H2D, WAY_PLAIN));
    expect_near(cost_copy_ps_per_byte(DIR_H2D, WAY_PLAIN), 1000);
    cr_expect_not(cost_copy_samples(DIR_D2H, WAY_PLAIN));
    cr_expect_not(cost_copy_samples(DIR_H2D, WAY_DIRECT));
    expect_near(cost_copy_ps_per_byte(DIR_D2H, WAY_PLAIN), 125);
    expect_near(cost_excess_ns(DIR_H2D, WAY_PLAIN, MIB), MIB * (1000 - 20) / 1000.0);
}

Test(cost, small_or_instant_copies_say_nothing)
{
    cost_copy_seen(DIR_H2D, WAY_PLAIN, MIB - 1, 10 * MIB);
    cost_copy_seen(DIR_H2D, WAY_PLAIN, 10 * MIB, 0);
    cr_expect_not(cost_copy_samples(DIR_H2D, WAY_PLAIN));
    expect_near(cost_copy_ps_per_byte(DIR_H2D, WAY_PLAIN), 125);
}

/* Latency-bound small copies must not make all copies look slow, nor large ones all copies fast. */
Test(cost, sizes_are_told_apart)
{
    const uint64_t sizes[] = {16 << 10, 256 << 10, 4 * MIB, 64 * MIB}, gain_ps[] = {400, 200, 100, 50};
    for (int i = 0; i < 4; i++) {
        cost_copy_seen(DIR_D2H, WAY_DIRECT, sizes[i], sizes[i] * 20 / 1000);
        cost_copy_seen(DIR_D2H, WAY_PLAIN, sizes[i], sizes[i] * (20 + gain_ps[i]) / 1000);
    }
    for (int i = 0; i < 4; i++)
        expect_near(cost_excess_ns(DIR_D2H, WAY_PLAIN, sizes[i]), (double)(sizes[i] * gain_ps[i]) / 1000);
    expect_near(cost_excess_ns(DIR_H2D, WAY_PLAIN, 64 * MIB), 64 * MIB * 0.105);
}

/* With one way of two seen at a size, that figure says nothing. */
Test(cost, half_measured_sizes_use_the_whole)
{
    cost_copy_seen(DIR_H2D, WAY_PLAIN, 4 << 10, 8000);
    expect_near(cost_excess_ns(DIR_H2D, WAY_PLAIN, 4 << 10), (4 << 10) * 0.105);
    cost_copy_seen(DIR_H2D, WAY_DIRECT, 4 << 10, 7000);
    expect_near(cost_excess_ns(DIR_H2D, WAY_PLAIN, 4 << 10), 1000);
    expect_near(cost_excess_ns(DIR_H2D, WAY_PLAIN, MIB), MIB * 0.105);
}

/* One copy that waited for its stream must not spoil the figure; a machine that is really slower shows in the end. */
Test(cost, rises_slowly_and_falls_fast)
{
    cost_copy_seen(DIR_H2D, WAY_DIRECT, MIB, MIB / 10); /* 100 ps */
    cost_copy_seen(DIR_H2D, WAY_DIRECT, MIB, 100 * MIB);
    cr_expect_lt(cost_copy_ps_per_byte(DIR_H2D, WAY_DIRECT), 6500);
    for (int i = 0; i < 12; i++)
        cost_copy_seen(DIR_H2D, WAY_DIRECT, MIB, MIB / 10);
    cr_expect_lt(cost_copy_ps_per_byte(DIR_H2D, WAY_DIRECT), 110);
    for (int i = 0; i < 200; i++)
        cost_copy_seen(DIR_H2D, WAY_DIRECT, MIB, MIB);
    cr_expect_gt(cost_copy_ps_per_byte(DIR_H2D, WAY_DIRECT), 900);
}

Test(cost, rule_38_no_excess_where_pinning_does_not_pay)
{
    cost_copy_seen(DIR_D2H, WAY_PLAIN, MIB, MIB / 50);
    cost_copy_seen(DIR_D2H, WAY_DIRECT, MIB, MIB / 40);
    cr_expect_eq(cost_excess_ns(DIR_D2H, WAY_PLAIN, 1000 * MIB), 0, "a direct copy is slower here");
    cr_expect_eq(cost_excess_ns(DIR_D2H, WAY_PLAIN, 100), 0);
    cost_copy_seen(DIR_H2D, WAY_PLAIN, MIB, MIB / 50);
    cr_expect_eq(cost_excess_ns(DIR_H2D, WAY_PLAIN, 1000 * MIB), 0, "a direct copy takes as long");
}

Test(cost, pin_is_learnt)
{
    const uint64_t before = cost_pin_ns(MIB);
    cost_pin_seen(MIB - 1, 0, 0, 1000000000);
    cr_expect_eq(cost_pin_ns(MIB), before);
    for (int i = 0; i < 200; i++)
        cost_pin_seen(MIB, 0, 0, 1000000);
    expect_near(cost_pin_ns(MIB), 1000000);
    for (int i = 0; i < 20; i++)
        cost_pin_seen(MIB, 0, 0, 50000);
    expect_near(cost_pin_ns(MIB), 50000);
}

/* Pages without memory, resident ones and huge ones cost different amounts, and each pin teaches about the kind it is
 * mostly made of. */
Test(cost, pins_are_learnt_by_kind_of_page)
{
    for (int i = 0; i < 100; i++) {
        cost_pin_seen(8 * MIB, 0, 0, 800000);
        cost_pin_seen(8 * MIB, 8 * MIB, 0, 4000000);
        cost_pin_seen(8 * MIB, 0, 1, 84000);
    }
    expect_near(cost_pin_ns(8 * MIB), 800000);
    expect_near(cost_pin_parts_ns(8 * MIB, 0, 0), 800000);
    expect_near(cost_pin_parts_ns(8 * MIB, 8 * MIB, 0), 4000000);
    expect_near(cost_pin_parts_ns(8 * MIB, 2 * MIB, 0), 600000 + 1000000);
    expect_near(cost_pin_parts_ns(8 * MIB, 0, 1), 84000);
    for (int i = 0; i < 100; i++)
        cost_pin_seen(8 * MIB, 2 * MIB, 0, 600000 + 1000000);
    expect_near(cost_pin_ns(8 * MIB), 800000);
    expect_near(cost_pin_parts_ns(8 * MIB, 8 * MIB, 0), 4000000);
    cost_pin_seen(8 * MIB, 2 * MIB, 0, 1000);
    cr_expect_gt(cost_pin_ns(8 * MIB), 700000, "no time is left for the resident part: it says nothing");
}

Test(cost, first_pin_replaces_the_constant)
{
    cost_pin_seen(8 * MIB, 0, 0, 80000000);
    expect_near(cost_pin_ns(8 * MIB), 80000000);
    expect_near(cost_pin_parts_ns(8 * MIB, 0, 1), 8 * 153000);
}

static void see(enum direction dir, enum way way, int copies, uint64_t ps)
{
    for (int i = 0; i < copies; i++)
        cost_copy_seen(dir, way, 8 * MIB, 8 * MIB * ps / 1000);
}

Test(cost, rule_38_given_up_when_sure)
{
    see(DIR_H2D, WAY_PLAIN, 1, 100);
    see(DIR_H2D, WAY_DIRECT, 7, 100);
    cr_expect_not(cost_no_gain(DIR_H2D), "too few copies to say so");
    see(DIR_H2D, WAY_DIRECT, 1, 100);
    cr_expect(cost_no_gain(DIR_H2D));
    cr_expect_not(cost_no_gain(DIR_D2H));
    cr_expect(cost_given_up(), "there is no gain in the only direction there is");
    see(DIR_D2H, WAY_DIRECT, 1, 20);
    cr_expect_not(cost_given_up(), "there is in the other");
    see(DIR_H2D, WAY_DIRECT, 3, 50);
    cr_expect_not(cost_no_gain(DIR_H2D));
}

/* Copies also wait for what their streams had to do before: the first direct ones may have been slow by chance, and no
 * other one is made once they are given up. */
Test(cost, rule_38_given_up_not_for_ever)
{
    see(DIR_H2D, WAY_PLAIN, 1, 100);
    see(DIR_H2D, WAY_DIRECT, 8, 100000);
    cr_expect(cost_no_gain(DIR_H2D));
    see(DIR_H2D, WAY_PLAIN, 200, 100);
    cr_expect(cost_no_gain(DIR_H2D));
    see(DIR_H2D, WAY_PLAIN, 100, 100);
    cr_expect_not(cost_no_gain(DIR_H2D));
    expect_near(cost_excess_ns(DIR_H2D, WAY_PLAIN, 8 * MIB), 8 * MIB * 0.08);
    see(DIR_H2D, WAY_DIRECT, 8, 100);
    cr_expect(cost_no_gain(DIR_H2D), "there is none");
    see(DIR_H2D, WAY_PLAIN, 400, 100);
    cr_expect(cost_no_gain(DIR_H2D), "it is asked less often");
    see(DIR_H2D, WAY_PLAIN, 200, 100);
    cr_expect_not(cost_no_gain(DIR_H2D));
    see(DIR_H2D, WAY_DIRECT, 100, 20);
    see(DIR_H2D, WAY_PLAIN, 10000, 100);
    cr_expect_not(cost_no_gain(DIR_H2D));
    expect_near(cost_excess_ns(DIR_H2D, WAY_PLAIN, 8 * MIB), 8 * MIB * 0.08);
}

/* The first that is slow is not believed: where it ended a site's pins, no other would follow. */
Test(cost, direct_copies_replace_what_there_was)
{
    for (int i = 0; i < 8; i++)
        cost_copy_seen(DIR_H2D, WAY_DIRECT, 64 * MIB, 64 * MIB / 4); /* 250 ps a byte */
    cr_expect_eq(cost_excess_ns(DIR_H2D, WAY_DIRECT, MIB), 0, "the constant of plain copies is less");
    cost_copy_seen(DIR_H2D, WAY_STAGED, 64 * MIB, 64 * MIB * 2);
    cr_expect_gt(cost_excess_ns(DIR_H2D, WAY_DIRECT, MIB), MIB, "staged ones were measured, plain ones never");
    cost_copy_seen(DIR_H2D, WAY_PLAIN, 64 * MIB, 64 * MIB / 2);
    cr_expect_lt(cost_excess_ns(DIR_H2D, WAY_DIRECT, MIB), MIB / 2, "now they were");
}

Test(cost, one_slow_direct_copy_is_doubted)
{
    see(DIR_D2H, WAY_PLAIN, 1, 100);
    see(DIR_D2H, WAY_DIRECT, 1, 100000);
    expect_near(cost_excess_ns(DIR_D2H, WAY_PLAIN, 8 * MIB), 8 * MIB * 0.06);
    see(DIR_D2H, WAY_DIRECT, 1, 20);
    expect_near(cost_excess_ns(DIR_D2H, WAY_PLAIN, 8 * MIB), 8 * MIB * 0.08);
}

/* Some are enough, where no other follows. */
Test(cost, slow_direct_copies_are_forgotten)
{
    see(DIR_D2H, WAY_PLAIN, 1, 100);
    see(DIR_D2H, WAY_DIRECT, 4, 100000);
    cr_expect_eq(cost_excess_ns(DIR_D2H, WAY_PLAIN, 8 * MIB), 0);
    see(DIR_D2H, WAY_PLAIN, 300, 100);
    expect_near(cost_excess_ns(DIR_D2H, WAY_PLAIN, 8 * MIB), 8 * MIB * 0.08);
}
