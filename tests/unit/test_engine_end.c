/* Tests of policy/engine_end.c: demotion, the application's registrations, graphs, idle release, exit and fork. */
#include "policy/cost.h"
#include "tests/unit/engine_fixture.h"

#include <errno.h>

TestSuite(engine_end, .init = eng_init);

static struct block *waited_for;

/* --- demotion -------------------------------------------------------------------------------------------------------
 */

static void end_copy(void)
{
    fake.on_wait = NULL;
    cr_expect_eq(fake.unpins, 0, "unpinned while a copy was under way");
    engine_copy_end(waited_for);
}

Test(engine_end, rule_23_demotion_waits_for_what_is_in_flight)
{
    struct block *block = waited_for = eng_pinned(eng_site(1), MIB);
    engine_copy_begin(block);
    fake.on_wait = end_copy;
    engine_demote(block);
    cr_expect_geq(fake.waits, 1);
    eng_expect_state(block, BLOCK_PLAIN);
    eng_expect_sound(0);
}

Test(engine_end, demotion_of_what_is_queued_or_plain)
{
    struct block *plain = eng_block(eng_site(1), MIB), *queued = eng_block(eng_site(1), MIB);
    struct block *other = eng_block(eng_site(1), MIB);
    engine_promote(queued, REASON_ALWAYS, NULL, 0);
    engine_promote(other, REASON_ALWAYS, NULL, 0);
    engine_demote(plain);
    engine_demote(queued);
    eng_expect_state(queued, BLOCK_PLAIN);
    engine_work();
    eng_expect_state(queued, BLOCK_PLAIN);
    eng_expect_state(other, BLOCK_PINNED);
    cr_expect_eq(fake.pins, 1);
    eng_pin(queued);
    eng_expect_sound(2 * MIB);
}

static int in_context(const struct block *block, const void *context)
{
    return block->pin_context == context;
}

Test(engine_end, rule_27_all_pins_of_a_context)
{
    int one, two;
    struct site *site = eng_site(1);
    struct block *block[6];
    for (int i = 0; i < 6; i++) {
        block[i] = eng_block(site, MIB);
        engine_promote(block[i], REASON_ALWAYS, i & 1 ? &one : &two, i);
        if (i == 3)
            engine_work(); /* 4 and 5 stay in the queue */
    }
    engine_free(block[1]);
    engine_hold(block[2]);
    engine_demote_matching(in_context, &one);
    eng_expect_state(block[1], BLOCK_GONE);
    eng_expect_state(block[3], BLOCK_PLAIN);
    eng_expect_state(block[5], BLOCK_PLAIN);
    engine_work();
    for (int i = 0; i < 6; i += 2)
        eng_expect_state(block[i], BLOCK_PINNED);
    engine_demote_matching(in_context, &two); /* and what a graph names is not waited for */
    eng_expect_sound(MIB);
}

/* --- the application's own registrations ----------------------------------------------------------------------------
 */

Test(engine_end, rule_25_claim_unpins_until_release)
{
    struct block *block = eng_pinned(eng_site(1), MIB);
    engine_app_claim(block);
    eng_expect_state(block, BLOCK_PLAIN);
    engine_app_claim(block); /* another part of it */
    engine_app_release(block);
    eng_promote(block);
    eng_expect_state(block, BLOCK_PLAIN);
    engine_app_release(block);
    eng_pin(block);
    eng_expect_sound(MIB);
}

Test(engine_end, rule_25_a_queued_promotion_gives_way)
{
    struct block *block = eng_block(eng_site(1), MIB);
    engine_promote(block, REASON_ALWAYS, NULL, 0);
    engine_app_claim(block);
    eng_expect_state(block, BLOCK_PLAIN);
    engine_work();
    cr_expect_eq(fake.pins, 0);
}

/* free() before cuMemHostUnregister(): the pages stay until then. */
Test(engine_end, rule_20_25_freed_while_the_application_has_it_registered)
{
    struct block *block = eng_block(eng_site(1), MIB);
    engine_app_claim(block);
    engine_free(block);
    cr_expect_eq(fake.releases, 0);
    engine_app_release(block);
    cr_expect_eq(fake.releases, 1);
    eng_expect_state(block, BLOCK_GONE);
}

/* --- graphs ---------------------------------------------------------------------------------------------------------
 */

Test(engine_end, rule_14_held_blocks_stay_as_they_are)
{
    struct block *plain = eng_block(eng_site(1), MIB), *pinned = eng_pinned(eng_site(1), MIB);
    engine_hold(plain);
    engine_hold(pinned);
    engine_hold(pinned);
    cr_expect_eq(record.totals.graph_blocks, 2);
    eng_promote(plain);
    engine_demote(pinned);
    fake.now_ns += 1000 * SEC;
    engine_work();
    eng_expect_state(plain, BLOCK_PLAIN);
    eng_expect_state(pinned, BLOCK_PINNED);
    engine_free(plain);
    engine_free(pinned);
    cr_expect_eq(fake.releases, 0, "given away while a graph may still use it");
    cr_expect_null(engine_recycle(pinned->site, MIB, pinned->size_class));
    fake.now_ns += 1000 * SEC;
    engine_work();
    cr_expect_eq(fake.unpins, 0);
}

Test(engine_end, rule_14_a_queued_promotion_of_a_held_block_is_dropped)
{
    struct block *block = eng_block(eng_site(1), MIB);
    engine_promote(block, REASON_ALWAYS, NULL, 0);
    engine_hold(block);
    engine_work();
    eng_expect_state(block, BLOCK_PLAIN);
    cr_expect_eq(fake.pins, 0);
    cr_expect_eq(block->site->why, REASON_GRAPH);
}

/* --- idle release ---------------------------------------------------------------------------------------------------
 */

Test(engine_end, idle_blocks_are_released)
{
    eng_start("[promotion]\nidle_timeout = 10s\n");
    struct site *site = eng_site(1);
    cr_expect_eq(engine_work(), UINT64_MAX, "nothing to look after");
    struct block *idle = eng_pinned(site, MIB), *rest = eng_pinned(site, MIB), *busy = eng_pinned(site, MIB);
    struct block *flying = eng_pinned(site, MIB);
    engine_free(rest);
    engine_copy_begin(flying);
    fake.now_ns += 10 * SEC - 1;
    eng_copy(busy, MIB, 0);
    cr_expect_leq(engine_work(), 10 * SEC);
    cr_expect_eq(fake.unpins, 0);
    fake.now_ns += 1;
    engine_work();
    eng_expect_state(idle, BLOCK_PLAIN);
    eng_expect_state(rest, BLOCK_GONE);
    eng_expect_state(busy, BLOCK_PINNED);
    eng_expect_state(flying, BLOCK_PINNED);
    cr_expect_eq(site->evictions, 0);
    eng_expect_sound(2 * MIB);
    engine_copy_end(flying);
    engine_work();
    eng_expect_state(flying, BLOCK_PLAIN);
}

/* A way that has turned out to be no gain is left, but for who asked for it. */
Test(engine_end, rule_38_no_gain_unpins)
{
    eng_start("[promotion]\nidle_timeout = 0\n[site asked]\nmodule = mod2\npromote = always\n");
    struct block *block = eng_pinned(eng_site(1), MIB), *asked = eng_pinned(eng_site(2), MIB);
    cost_copy_seen(DIR_H2D, WAY_PLAIN, MIB, 50000);
    for (int i = 0; i < 7; i++)
        eng_copy(block, MIB, 50000);
    engine_work();
    eng_expect_state(block, BLOCK_PINNED);
    eng_copy(block, MIB, 50000);
    engine_work();
    eng_expect_state(block, BLOCK_PLAIN);
    eng_expect_state(asked, BLOCK_PINNED);
    for (int i = 0; i < 100; i++)
        cr_expect_eq(eng_copy(block, MIB, 50000), REASON_NO_GAIN);
    cr_expect_eq(block->site->refused[REASON_NO_GAIN], 100);
    cr_expect_eq(block->failures, 0);
    eng_expect_sound(MIB);
}

/* … but not for ever: a block is pinned once more, and stays if that has been chance. */
Test(engine_end, rule_38_no_gain_is_tried_again)
{
    eng_start("[promotion]\nidle_timeout = 0\n");
    struct block *block = eng_pinned(eng_site(1), MIB);
    cost_copy_seen(DIR_H2D, WAY_PLAIN, MIB, 500000);
    for (int i = 0; i < 8; i++)
        eng_copy(block, MIB, 5000000); /* behind something that takes long */
    engine_work();
    eng_expect_state(block, BLOCK_PLAIN);
    for (int i = 0; i < 400 && block_state(block) != BLOCK_PINNED; i++) {
        eng_copy(block, MIB, 500000);
        engine_work();
    }
    eng_expect_state(block, BLOCK_PINNED);
    for (int i = 0; i < 20; i++) {
        eng_copy(block, MIB, 50000);
        engine_work();
    }
    eng_expect_state(block, BLOCK_PINNED);
}

Test(engine_end, idle_timeout_zero_keeps_everything)
{
    eng_start("[limits]\nmin_free = 0\nmax_pressure = off\n[promotion]\nidle_timeout = 0\n");
    struct block *block = eng_pinned(eng_site(1), MIB);
    fake.now_ns += 100000 * SEC;
    cr_expect_eq(engine_work(), UINT64_MAX);
    eng_expect_state(block, BLOCK_PINNED);
}

/* Under mlock a live block is in use without copies: only quarantine grows idle. */
Test(engine_end, idle_means_freed_under_mlock)
{
    eng_start("[promotion]\npromote = always\n");
    engine_use_backend(BACKEND_MLOCK);
    struct site *site = eng_site(1);
    struct block *block = eng_block(site, MIB);
    engine_free(block);
    engine_work();
    cr_assert_eq(engine_recycle(site, MIB, block->size_class), block);
    fake.now_ns += 1000 * SEC;
    engine_work();
    eng_expect_state(block, BLOCK_PINNED);
    engine_free(block);
    fake.now_ns += 1000 * SEC;
    engine_work();
    eng_expect_state(block, BLOCK_GONE);
    eng_expect_sound(0);
}

/* --- exit -----------------------------------------------------------------------------------------------------------
 */

static int stop_meanwhile(struct block *block)
{
    engine_stop(); /* from another thread: it waits for this pin, but not for ever */
    return eng_lock(block);
}

Test(engine_end, rule_36_nothing_is_pinned_or_unpinned_after_stop)
{
    struct block *block = eng_pinned(eng_site(1), MIB), *queued = eng_block(eng_site(1), MIB);
    engine_promote(queued, REASON_ALWAYS, NULL, 0);
    engine_stop();
    fake.now_ns += 1000 * SEC;
    engine_work();
    engine_demote(block);
    engine_use_backend(BACKEND_MLOCK);
    eng_expect_state(queued, BLOCK_PLAIN);
    eng_promote(eng_block(eng_site(1), MIB));
    engine_free(block);
    cr_expect_eq(fake.pins, 1);
    cr_expect_eq(fake.unpins, 0);
    eng_expect_sound(MIB);
}

Test(engine_end, rule_36_stop_waits_for_the_pin_under_way_but_not_for_ever)
{
    eng_expect_patience(stop_meanwhile);
}

Test(engine_end, queue_is_dropped_where_there_is_no_worker)
{
    struct block *block = eng_block(eng_site(1), MIB), *freed = eng_block(eng_site(1), MIB);
    engine_promote(block, REASON_ALWAYS, NULL, 0);
    engine_promote(freed, REASON_ALWAYS, NULL, 0);
    engine_free(freed);
    engine_drop_queue();
    eng_expect_state(block, BLOCK_PLAIN);
    eng_expect_state(freed, BLOCK_GONE);
    cr_expect_eq(fake.releases, 1);
    engine_work();
    cr_expect_eq(fake.pins, 0);
    eng_pin(block);
}
