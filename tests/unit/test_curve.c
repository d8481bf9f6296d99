/* Tests of policy/curve.c: order, sums, the knee. */
#include <criterion/criterion.h>

#include "policy/curve.h"

#define MIB (1ull << 20)
#define MS  1000000ull

static struct curve_step step(unsigned site, uint64_t bytes, uint64_t gain_ns)
{
    return (struct curve_step){.site = site, .bytes = bytes, .gain_ns = gain_ns};
}

Test(curve, the_best_per_byte_goes_first)
{
    struct curve_step steps[] = {step(0, 100 * MIB, 100 * MS), step(1, 10 * MIB, 90 * MS), step(2, 50 * MIB, 150 * MS),
                                 step(3, 10 * MIB, 5 * MS)};
    static const unsigned order[] = {1, 2, 0, 3};
    static const uint64_t cap[] = {10, 60, 160, 170}, saved[] = {90, 240, 340, 345};
    cr_assert_eq(curve_make(steps, 4), 4);
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(steps[i].site, order[i]);
        cr_expect_eq(steps[i].cap_bytes, cap[i] * MIB);
        cr_expect_eq(steps[i].saved_ns, saved[i] * MS);
    }
}

/* By hand, in shares of the whole: (10/170, 90/345) is 0.202 above the chord, (60/170, 240/345) is 0.343, (160/170,
 * 340/345) is 0.044. */
Test(curve, knee_is_farthest_from_the_chord)
{
    struct curve_step steps[] = {step(0, 100 * MIB, 100 * MS), step(1, 10 * MIB, 90 * MS), step(2, 50 * MIB, 150 * MS),
                                 step(3, 10 * MIB, 5 * MS)};
    cr_assert_eq(curve_make(steps, 4), 4);
    cr_expect_eq(curve_knee(steps, 4), 1);
}

Test(curve, where_all_bytes_are_worth_the_same_the_knee_is_the_end)
{
    struct curve_step steps[] = {step(0, 30, 3), step(1, 10, 1), step(2, 20, 2)};
    cr_assert_eq(curve_make(steps, 3), 3);
    cr_expect_eq(curve_knee(steps, 3), 2);
    cr_expect_eq(steps[0].bytes, 10, "fewer bytes first, where it makes no difference");
}

Test(curve, one_site)
{
    struct curve_step steps[] = {step(7, 30, 3)};
    cr_assert_eq(curve_make(steps, 1), 1);
    cr_expect_eq(curve_knee(steps, 1), 0);
    cr_expect_eq(steps[0].cap_bytes, 30);
}

Test(curve, what_gains_nothing_is_left_out)
{
    struct curve_step steps[] = {step(0, 30, 0), step(1, 0, 3), step(2, 5, 5)};
    cr_assert_eq(curve_make(steps, 3), 1);
    cr_expect_eq(steps[0].site, 2);
    cr_expect_eq(curve_make(steps, 0), 0);
}

Test(curve, a_pin_that_costs_more_than_it_saves_is_no_gain)
{
    cr_expect_eq(curve_gain_ns(10, 20, 25), 5);
    cr_expect_eq(curve_gain_ns(10, 20, 30), 0);
    cr_expect_eq(curve_gain_ns(10, 20, 31), 0);
    cr_expect_eq(curve_gain_ns(UINT64_MAX, 20, 0), UINT64_MAX);
}

Test(curve, figures_as_large_as_they_get)
{
    struct curve_step steps[] = {step(0, UINT64_MAX, 1), step(1, 1, UINT64_MAX), step(2, UINT64_MAX, UINT64_MAX)};
    cr_assert_eq(curve_make(steps, 3), 3);
    cr_expect_eq(steps[0].site, 1);
    cr_expect_eq(steps[1].site, 2);
    cr_expect_eq(steps[2].cap_bytes, UINT64_MAX);
    cr_expect_eq(steps[2].saved_ns, UINT64_MAX);
    cr_expect_eq(curve_knee(steps, 3), 0);
}

/* Whatever the figures: rising, concave, and no point farther from the chord than the knee. */
Test(curve, many_sites)
{
    static struct curve_step steps[1000];
    for (unsigned round = 0; round < 50; round++) {
        uint64_t seed = round + 1, bytes = 0, ns = 0;
        for (unsigned i = 0; i < 1000; i++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            steps[i] = step(i, 1 + (seed >> 40), 1 + (seed & 0xffffff));
            bytes += steps[i].bytes;
            ns += steps[i].gain_ns;
        }
        cr_assert_eq(curve_make(steps, 1000), 1000);
        cr_expect_eq(steps[999].cap_bytes, bytes);
        cr_expect_eq(steps[999].saved_ns, ns);
        const struct curve_step *knee = &steps[curve_knee(steps, 1000)];
        const double most = (double)knee->saved_ns / (double)ns - (double)knee->cap_bytes / (double)bytes;
        for (unsigned i = 1; i < 1000; i++) {
            cr_assert_geq((double)steps[i - 1].gain_ns / (double)steps[i - 1].bytes,
                          (double)steps[i].gain_ns / (double)steps[i].bytes);
            cr_assert_leq((double)steps[i].saved_ns / (double)ns - (double)steps[i].cap_bytes / (double)bytes,
                          most + 1e-9);
        }
    }
}
