/* Tests of policy/pace.c: the bounds of a plan, what follows from what was measured, and when staging is given up. */
#include "policy/cost.h"
#include "policy/pace.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>

#define MIB (1ull << 20)

enum {
    CORES = 8,
    SLOTS = 32
};
static struct options options;

static void begin(int staging, unsigned cores, unsigned slots)
{
    options.staging = staging;
    options.staging_min = MIB;
    options.staging_threads = CORES;
    pace_start(&options, cores, slots);
}

static void reset(void)
{
    fake_reset();
    begin(OPTION_STAGING_AUTO, CORES, SLOTS);
}

TestSuite(pace, .init = reset);

Test(pace, plans_keep_their_bounds)
{
    for (uint64_t link_ns = 1; link_ns < 100000000; link_ns *= 10)
        for (uint64_t bytes = MIB; bytes <= 16384 * MIB; bytes = bytes * 3 + 1)
            for (unsigned at_once = 0; at_once < 80; at_once += 13) {
                pace_link_seen(DIR_H2D, MIB, link_ns);
                pace_piece_seen(DIR_H2D, PACE_CHUNK_LEAST, 100000000 / link_ns);
                const struct pace pace = pace_plan(DIR_H2D, bytes, at_once);
                cr_assert(pace.chunk_bytes >= PACE_CHUNK_LEAST && pace.chunk_bytes <= PACE_CHUNK_MOST);
                cr_assert_eq(pace.chunk_bytes % PACE_CHUNK_LEAST, 0);
                cr_assert(pace.depth >= 1 && pace.depth <= PACE_DEPTH_MOST);
                cr_assert(pace.threads >= 1 && pace.threads <= CORES);
            }
}

Test(pace, slots_are_shared_by_those_who_stage_at_once)
{
    begin(OPTION_STAGING_AUTO, CORES, 4);
    cr_expect_eq(pace_plan(DIR_H2D, 64 * MIB, 1).depth, 3);
    cr_expect_eq(pace_plan(DIR_H2D, 64 * MIB, 2).depth, 2);
    cr_expect_eq(pace_plan(DIR_H2D, 64 * MIB, 9).depth, 1);
}

Test(pace, the_first_slots_are_made_beside_the_copy)
{
    cr_expect_eq(pace_first_slots(0), 3);
    cr_expect_eq(pace_first_slots(2), 1);
    cr_expect_eq(pace_first_slots(3), 0);
    cr_expect_eq(pace_first_slots(9), 0);
    begin(OPTION_STAGING_AUTO, CORES, 2);
    cr_expect_eq(pace_first_slots(1), 1, "there may be no more than two");
    cr_expect_eq(pace_first_slots(2), 0);
    begin(OPTION_STAGING_AUTO, 1, SLOTS);
    cr_expect_eq(pace_first_slots(0), 0, "the one core copies");
    begin(OPTION_STAGING_ALWAYS, CORES, SLOTS);
    cr_expect_eq(pace_first_slots(0), 0);
}

/* More slots even out what comes unevenly; they help nothing where the cores are what is slow. */
Test(pace, depth_grows_where_the_link_idles_and_is_waited_for)
{
    pace_copy_seen(DIR_H2D, 32, 20, 8);
    cr_expect_eq(pace_plan(DIR_H2D, 64 * MIB, 1).depth, 3, "waited for seldom");
    pace_copy_seen(DIR_H2D, 32, 20, 9);
    cr_expect_eq(pace_plan(DIR_H2D, 64 * MIB, 1).depth, 4);
    pace_copy_seen(DIR_H2D, 32, 0, 17);
    cr_expect_eq(pace_plan(DIR_H2D, 64 * MIB, 1).depth, 3);
}

Test(pace, as_many_threads_as_keep_up_with_the_link)
{
    for (int i = 0; i < 100; i++) {
        pace_link_seen(DIR_D2H, MIB, 20000);
        pace_piece_seen(DIR_D2H, PACE_CHUNK_LEAST, 15000); /* a third of the link's rate */
    }
    cr_expect_eq(pace_plan(DIR_D2H, 64 * MIB, 1).threads, 3);
    begin(OPTION_STAGING_AUTO, 2, SLOTS);
    cr_expect_eq(pace_plan(DIR_D2H, 64 * MIB, 1).threads, 2, "no more than there are cores");
    for (int i = 0; i < 100; i++)
        pace_link_seen(DIR_D2H, MIB, 500000);
    cr_expect_eq(pace_plan(DIR_D2H, 64 * MIB, 1).threads, 1);
}

Test(pace, a_busy_machine_is_not_a_slow_link)
{
    for (int i = 0; i < 200; i++) {
        pace_piece_seen(DIR_D2H, PACE_CHUNK_LEAST, 15000);
        pace_link_seen(DIR_D2H, MIB, i % 4 == 0 ? 20000 : 60000);
    }
    cr_expect_geq(pace_plan(DIR_D2H, 64 * MIB, 1).threads, 2, "one thread is a third as fast as the link");
    for (int i = 0; i < 200; i++)
        pace_link_seen(DIR_D2H, MIB, 60000);
    cr_expect_eq(pace_plan(DIR_D2H, 64 * MIB, 1).threads, 1, "a link that is slow is found out all the same");
}

Test(pace, chunks_grow_where_calls_are_slow)
{
    for (int i = 0; i < 100; i++) {
        pace_link_seen(DIR_H2D, MIB, 100000);
        pace_call_seen(500);
    }
    cr_expect_eq(pace_plan(DIR_H2D, 4 * MIB, 1).chunk_bytes, PACE_CHUNK_LEAST);
    for (int i = 0; i < 100; i++)
        pace_call_seen(40000);
    cr_expect_eq(pace_plan(DIR_H2D, 64 * MIB, 1).chunk_bytes, PACE_CHUNK_MOST);
    cr_expect_leq(pace_plan(DIR_H2D, 2 * MIB, 1).chunk_bytes, MIB / 2, "several, so that they overlap");
}

Test(pace, depth_follows_what_the_link_does)
{
    for (int i = 0; i < 20; i++)
        pace_copy_seen(DIR_H2D, 32, 16, 16); /* idle, and waited for */
    cr_expect_eq(pace_plan(DIR_H2D, 64 * MIB, 1).depth, PACE_DEPTH_MOST);
    cr_expect_eq(pace_plan(DIR_D2H, 64 * MIB, 1).depth, 3);
    for (int i = 0; i < 20; i++)
        pace_copy_seen(DIR_H2D, 32, 0, 32); /* never idle */
    cr_expect_eq(pace_plan(DIR_H2D, 64 * MIB, 1).depth, 3);
    for (int i = 0; i < 20; i++)
        pace_copy_seen(DIR_H2D, 5, 3, 3);
    cr_expect_eq(pace_plan(DIR_H2D, 64 * MIB, 1).depth, 3, "a short copy says nothing");
    for (int i = 0; i < 20; i++)
        pace_copy_seen(DIR_H2D, 32, 16, 0);
    cr_expect_eq(pace_plan(DIR_H2D, 64 * MIB, 1).depth, 3, "more slots do not help slow threads");
}

Test(pace, options_and_slots_say_whether_at_all)
{
    cr_expect(pace_may_stage(MIB));
    cr_expect_not(pace_may_stage(MIB - 1));
    begin(OPTION_STAGING_AUTO, CORES, 0);
    cr_expect_not(pace_may_stage(64 * MIB));
    begin(OPTION_STAGING_NEVER, CORES, SLOTS);
    cr_expect_not(pace_may_stage(64 * MIB));
    begin(OPTION_STAGING_ALWAYS, CORES, SLOTS);
    cr_expect(pace_may_stage(MIB));
    cr_expect(pace_prefers_staging(DIR_H2D, MIB, 0));
}

Test(pace, rule_37_small_copies_set_nothing_up_until_there_are_many)
{
    uint64_t bytes = 0;
    while (!pace_prefers_staging(DIR_H2D, 2 * MIB, 0))
        bytes += 2 * MIB;
    cr_expect_geq(bytes + 2 * MIB, PACE_BEGIN_TOTAL);
    cr_expect_lt(bytes, 2 * PACE_BEGIN_TOTAL);
    cr_expect(pace_prefers_staging(DIR_H2D, PACE_BEGIN_BYTES, 0));
}

/* How many of `copies` are staged, where the two ways take this long a MiB. */
static int staged_of(int copies, uint64_t bytes, uint64_t staged_ns, uint64_t plain_ns)
{
    int staged = 0;
    for (int i = 0; i < copies; i++) {
        const int stages = pace_prefers_staging(DIR_H2D, bytes, 1);
        staged += stages;
        cost_copy_seen(DIR_H2D, stages ? WAY_STAGED : WAY_PLAIN, bytes, bytes / MIB * (stages ? staged_ns : plain_ns));
    }
    return staged;
}

Test(pace, rule_38_the_faster_way_is_used)
{
    const int staged = staged_of(1000, 16 * MIB, 20000, 100000);
    cr_expect_geq(staged, 980);
    cr_expect_lt(staged, 1000, "the other is tried now and then");
}

Test(pace, rule_38_staging_is_given_up_where_it_is_slower)
{
    const int staged = staged_of(1000, 16 * MIB, 100000, 20000);
    cr_expect_leq(staged, 20);
    cr_expect_geq(staged, 4);
}

Test(pace, rule_38_what_has_changed_is_noticed)
{
    staged_of(200, 16 * MIB, 100000, 90000);
    const int staged = staged_of(1000, 16 * MIB, 20000, 90000);
    cr_expect_geq(staged, 500);
}

Test(pace, rule_38_no_huge_copy_is_a_trial)
{
    staged_of(100, 16 * MIB, 20000, 100000);
    cr_expect_eq(staged_of(600, 1024 * MIB, 20000, 100000), 600);
}
