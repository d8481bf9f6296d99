/* Tests of policy/history.c, and of where the engine takes points.  The clock stands still unless it is moved. */
#include "policy/history.h"
#include "tests/unit/engine_fixture.h"

#include <pthread.h>
#include <string.h>

static struct history_point points[HISTORY_POINTS];

static void start(void)
{
    fake_reset();
    record.totals.start_ns = SEC;
    ledger_start(64 * MIB, 8);
}
TestSuite(history, .init = start);

/* A copy at this time after the start, of so many bytes. */
static void copy_at(uint64_t time_ns, uint64_t bytes)
{
    count_add(&record.totals.count[DIR_H2D][WAY_PLAIN].bytes, bytes);
    count_add(&record.totals.count[DIR_H2D][WAY_PLAIN].ns, 3 * bytes);
    history_copied(SEC + time_ns);
}

static unsigned read_at(uint64_t time_ns)
{
    return history_read(points, SEC + time_ns);
}

Test(history, without_events_there_is_the_end)
{
    cr_assert_eq(read_at(5 * SEC), 1);
    cr_expect_eq(points[0].time_ns, 5 * SEC);
    cr_expect_eq(points[0].cap_bytes, 64 * MIB);
    cr_expect_eq(read_at(6 * SEC), 1, "the end was kept");
}

Test(history, a_point_per_interval)
{
    const uint64_t interval = history_interval_ns();
    copy_at(100, 1);
    copy_at(101, 10);
    copy_at(99 + interval, 100);
    copy_at(100 + interval, 1000);
    cr_assert_eq(read_at(3 * interval), 3);
    cr_expect_eq(points[0].time_ns, 100);
    cr_expect_eq(points[0].count[DIR_H2D][WAY_PLAIN].bytes, 1);
    cr_expect_eq(points[1].time_ns, 100 + interval);
    cr_expect_eq(points[1].count[DIR_H2D][WAY_PLAIN].bytes, 1111);
    cr_expect_eq(points[1].count[DIR_H2D][WAY_PLAIN].ns, 3333);
    cr_expect_eq(points[2].time_ns, 3 * interval);
}

Test(history, a_point_tells_all)
{
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        for (int way = 0; way < WAY_COUNT; way++)
            count_add(&record.totals.count[dir][way].bytes, (uint64_t)(100 * dir + way));
        count_add(&record.totals.foreign[dir].ns, (uint64_t)dir + 50);
        count_add(&record.totals.foreign_staged[dir].bytes, (uint64_t)dir + 60);
    }
    cr_assert_eq(ledger_reserve(3 * MIB, 2), 0);
    history_copied(SEC + 7);
    ledger_release(MIB, 1);
    cr_assert_eq(read_at(8), 2);
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        for (int way = 0; way < WAY_COUNT; way++)
            cr_expect_eq(points[0].count[dir][way].bytes, (uint64_t)(100 * dir + way));
        cr_expect_eq(points[0].count[dir][HISTORY_FOREIGN].ns, (uint64_t)dir + 50);
        cr_expect_eq(points[0].count[dir][HISTORY_FOREIGN_STAGED].bytes, (uint64_t)dir + 60);
    }
    cr_expect_eq(points[0].pinned_bytes, 3 * MIB);
    cr_expect_eq(points[0].pinned_regions, 2);
    cr_expect_eq(points[1].pinned_bytes, 2 * MIB);
    cr_expect_eq(points[1].pinned_regions, 1);
}

/* What holds of all points but the last: rising times, any three of which span an interval. */
static void expect_spread(unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        cr_assert_gt(points[i].time_ns, points[i - 1].time_ns);
        cr_assert_geq(points[i].count[DIR_H2D][WAY_PLAIN].bytes, points[i - 1].count[DIR_H2D][WAY_PLAIN].bytes);
    }
    for (unsigned i = 2; i + 1 < n; i++)
        cr_assert_geq(points[i].time_ns - points[i - 2].time_ns, history_interval_ns());
}

Test(history, a_million_events_keep_order_and_coverage)
{
    const uint64_t apart_ns = 12345;
    for (uint64_t i = 1; i <= 1000000; i++) {
        copy_at(i * apart_ns, 1);
        if (i % 99991 && i > 1000) /* not every time, which would take long */
            continue;
        const unsigned n = read_at(i * apart_ns + 1);
        expect_spread(n);
        cr_assert_leq(n, HISTORY_POINTS);
        cr_assert_eq(points[0].time_ns, apart_ns, "the first point is gone");
        for (unsigned k = 1; k < n; k++)
            cr_assert_leq(points[k].time_ns - points[k - 1].time_ns, 2 * history_interval_ns(), "a gap");
        for (unsigned k = 0; k + 1 < n; k++)
            cr_assert_eq(points[k].count[DIR_H2D][WAY_PLAIN].bytes * apart_ns, points[k].time_ns);
        cr_assert(history_interval_ns() == MS || n >= HISTORY_POINTS / 2 - 1, "%u points are too few", n);
    }
}

Test(history, a_change_that_lasts_is_kept)
{
    const uint64_t interval = history_interval_ns();
    copy_at(0, 1);
    cr_assert_eq(ledger_reserve(MIB, 1), 0);
    history_take(SEC + 10);
    ledger_release(MIB, 1);
    history_take(SEC + 20);
    cr_assert_eq(ledger_reserve(2 * MIB, 1), 0);
    history_take(SEC + 30); /* only this one lasts */
    cr_assert_eq(read_at(interval), 3);
    cr_expect_eq(points[1].time_ns, 30, "a change that may last is shown");
    copy_at(100 * interval, 1);
    cr_assert_eq(read_at(100 * interval + 1), 4);
    cr_expect_eq(points[1].time_ns, 30);
    cr_expect_eq(points[1].pinned_bytes, 2 * MIB);
    cr_expect_eq(points[2].time_ns, 100 * interval);
}

Test(history, a_change_that_passes_is_not_kept)
{
    const uint64_t interval = history_interval_ns();
    copy_at(0, 1);
    history_take(SEC + interval - 1);
    copy_at(interval, 1);
    cr_assert_eq(read_at(interval + 1), 3);
    cr_expect_eq(points[1].time_ns, interval);
}

Test(history, a_change_by_a_clock_read_before_comes_after_the_last_point)
{
    copy_at(100, 1);
    cr_assert_eq(ledger_reserve(MIB, 1), 0);
    history_take(SEC + 90);
    cr_assert_eq(read_at(200), 3);
    cr_expect_eq(points[1].time_ns, 101);
    cr_expect_eq(points[1].pinned_bytes, MIB);
}

Test(history, changes_and_copies_keep_order)
{
    uint64_t seed = 1;
    for (uint64_t time_ns = 0, i = 0; i < 200000; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        time_ns += seed >> (seed & 1 ? 62 : 44);
        if (seed >> 32 & 1)
            copy_at(time_ns, 1);
        else
            history_take(SEC + time_ns - (time_ns > 5 ? seed >> 40 & 3 : 0)); /* clocks are read in no order */
        if (i % 1000 == 0)
            expect_spread(read_at(time_ns + 1));
    }
    cr_expect_gt(history_interval_ns(), 16 * MS, "hardly thinned");
}

/* --- threads ---------------------------------------------------------------------------------------------------------
 */

static _Atomic uint64_t clock_ns;
static _Atomic int stop;

/* The only one who counts, so that what stands in a point belongs together. */
static void *count_alone(void *arg)
{
    for (uint64_t i = 1; i <= 5000000; i++) {
        const uint64_t time_ns = i * 1000;
        atomic_store(&record.totals.count[DIR_H2D][WAY_PLAIN].bytes, time_ns);
        atomic_store(&record.totals.foreign_staged[DIR_D2H].ns, time_ns);
        history_take(SEC + time_ns); /* most come before their time, and are written one over the other */
    }
    stop = 1;
    return arg;
}

Test(history, readers_see_whole_points, .timeout = 30)
{
    pthread_t thread;
    unsigned reads = 0;
    cr_assert_eq(pthread_create(&thread, NULL, count_alone, NULL), 0);
    for (; !stop || reads == 0; reads++) {
        const unsigned n = history_read(points, 0); /* the last tells of now: not looked at */
        for (unsigned i = 0; i + 1 < n; i++) {
            cr_assert(i == 0 || points[i].time_ns > points[i - 1].time_ns);
            cr_assert_eq(points[i].count[DIR_H2D][WAY_PLAIN].bytes, points[i].time_ns);
            cr_assert_eq(points[i].count[DIR_D2H][HISTORY_FOREIGN_STAGED].ns, points[i].time_ns);
        }
    }
    cr_assert_eq(pthread_join(thread, NULL), 0);
}

static void *count_together(void *arg)
{
    for (int i = 0; i < 50000; i++) {
        const uint64_t time_ns = atomic_fetch_add(&clock_ns, 20000);
        count_add(&record.totals.count[DIR_H2D][WAY_PLAIN].bytes, 1);
        if (i % 4)
            history_copied(SEC + time_ns);
        else
            history_take(SEC + time_ns);
    }
    return arg;
}

Test(history, many_threads_keep_order, .timeout = 30)
{
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, count_together, NULL), 0);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    const unsigned n = read_at(clock_ns);
    expect_spread(n);
    cr_expect_geq(n, HISTORY_POINTS / 4);
    cr_expect_eq(points[n - 1].count[DIR_H2D][WAY_PLAIN].bytes, 8 * 50000);
}

/* --- where points are taken ------------------------------------------------------------------------------------------
 */

Test(history_engine, copies_pins_and_their_ends_make_points, .init = eng_init)
{
    struct block *block = eng_block(eng_site(1), MIB);
    fake.now_ns += 10 * MS;
    eng_copy(block, MIB, MS);
    fake.now_ns += 10 * MS;
    eng_pin(block);
    fake.now_ns += 10 * MS;
    engine_demote(block);
    fake.now_ns += 10 * MS;
    const unsigned n = history_read(points, fake.now_ns);
    cr_assert_eq(n, 4);
    static const uint64_t pinned[] = {0, MIB, 0, 0};
    for (unsigned i = 0; i < n; i++) {
        cr_expect_eq(points[i].time_ns, (i + 1) * 10 * MS);
        cr_expect_eq(points[i].pinned_bytes, pinned[i]);
        cr_expect_eq(points[i].count[DIR_H2D][WAY_PLAIN].bytes, MIB);
    }
}

Test(history_engine, rule_28_a_child_begins_anew, .init = eng_init)
{
    struct block *block = eng_block(eng_site(1), MIB);
    for (int i = 0; i < 1000; i++) {
        fake.now_ns += 10 * MS;
        eng_copy(block, MIB, MS);
    }
    cr_assert_gt(history_interval_ns(), 10 * MS);
    history_due_ns = UINT64_MAX; /* a thread that the child does not have is taking a point */
    engine_fork_take();
    witness.process++;
    engine_fork_child();
    cr_expect_eq(history_interval_ns(), MS);
    cr_expect_eq(history_read(points, fake.now_ns), 1);
    fake.now_ns += 10 * MS;
    eng_copy(block, MIB, MS);
    fake.now_ns += 10 * MS;
    cr_assert_eq(history_read(points, fake.now_ns), 2);
    cr_expect_eq(points[0].time_ns, 10 * MS);
    cr_expect_eq(points[0].count[DIR_H2D][WAY_PLAIN].bytes, MIB);
}
