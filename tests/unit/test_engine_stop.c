/* Tests of policy/engine_end.c: the process ends while another thread is in the middle of a long pin or unpin (rule
 * 36).
 */
#include "tests/unit/engine_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

TestSuite(engine_stop, .init = eng_init, .timeout = 60);

static _Atomic int begun, pauses_refused;

/* As a backend does between the parts. */
static int until_stopped(struct block *block)
{
    (void)block;
    begun = 1;
    while (engine_pause())
        sched_yield();
    pauses_refused++;
    return -ECANCELED;
}

static void *work(void *arg)
{
    engine_work();
    return arg;
}

static void *demote(void *block)
{
    engine_demote(block);
    return block;
}

/* The clock stands still: patience alone would never end. */
static void stop_during(void *(*body)(void *), struct block *block)
{
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, body, block), 0);
    while (!begun)
        sched_yield();
    engine_stop();
    pthread_join(thread, NULL);
    cr_expect_eq(pauses_refused, 1);
}

/* What may still be locked stays where it is for ever: nobody's fault, and not reported as one. */
static void expect_kept(struct block *block)
{
    eng_expect_state(block, BLOCK_KEPT);
    cr_expect_eq(record.totals.kept_blocks, 0);
    cr_expect_eq(ledger_bytes(), MIB, "it counts under the cap");
    engine_free(block);
    cr_expect_eq(fake.releases, 0, "given back although it may be locked");
}

Test(engine_stop, rule_36_a_pin_under_way_ends_at_its_next_part)
{
    struct block *block = eng_block(eng_site(1), MIB), *queued = eng_block(eng_site(1), MIB);
    struct block *freed = eng_block(eng_site(1), MIB);
    fake.on_pin = until_stopped;
    engine_promote(block, REASON_ALWAYS, NULL, 0);
    engine_promote(queued, REASON_ALWAYS, NULL, 0);
    engine_promote(freed, REASON_ALWAYS, NULL, 0);
    engine_free(freed);
    stop_during(work, block);
    cr_expect_eq(fake.pins, 1, "a queued one was begun after the stop");
    cr_expect_eq(block->site->pin_failures, 0, "no failure of the driver's");
    engine_work();
    eng_expect_state(queued, BLOCK_PLAIN);
    eng_expect_state(freed, BLOCK_GONE);
    cr_expect_eq(fake.releases, 1);
    fake.releases = 0;
    cr_expect_eq(fake.pins, 1);
    expect_kept(block);
}

Test(engine_stop, rule_36_an_unpin_under_way_ends_at_its_next_part)
{
    struct block *block = eng_pinned(eng_site(1), MIB), *other = eng_pinned(eng_site(1), MIB);
    engine_demote(other);
    fake.on_unpin = until_stopped;
    stop_during(demote, block);
    expect_kept(block);
}
