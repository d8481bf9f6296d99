/* Tests of policy/engine_end.c around fork(): rule 28. */
#include "tests/unit/engine_fixture.h"

TestSuite(engine_fork, .init = eng_init);

static void fork_child(void)
{
    engine_fork_take();
    witness.process++;
    witness.locked = 0;
    engine_fork_child();
}

Test(engine_fork, rule_28_child_forgets_every_pin)
{
    struct site *site = eng_site(1);
    struct block *pinned = eng_pinned(site, MIB), *freed = eng_pinned(site, MIB), *queued = eng_block(site, MIB);
    struct block *copied = eng_pinned(site, MIB);
    engine_free(freed);
    engine_copy_begin(copied); /* by a thread that the child does not have */
    engine_promote(queued, REASON_ALWAYS, NULL, 0);
    const unsigned pins = fake.pins;
    fork_child();
    eng_expect_state(pinned, BLOCK_PLAIN);
    eng_expect_state(queued, BLOCK_PLAIN);
    cr_expect_eq(block_word(copied), BLOCK_PLAIN);
    eng_expect_state(freed, BLOCK_GONE);
    cr_expect_eq(fake.releases, 1);
    cr_expect_eq(ledger_bytes() + ledger_regions() + ledger_peak_bytes(), 0);
    cr_expect_eq(site->pinned_bytes, 0);
    cr_expect_eq(totals.large_blocks, 0, "the parent's counts");
    cr_expect_eq(engine_backend(), BACKEND_NONE, "the driver is the parent's");
    cr_expect_null(engine_recycle(site, MIB, freed->size_class));
    engine_free(pinned);
    cr_expect_eq(fake.releases, 2);
    fake.now_ns += 1000 * SEC;
    engine_work();
    cr_expect_eq(fake.pins, pins);
    cr_expect_eq(fake.unpins, 0, "the child called the driver");
}

Test(engine_fork, rule_28_child_may_lock_for_itself)
{
    eng_start("[promotion]\npromote = always\n");
    engine_use_backend(BACKEND_MLOCK);
    struct site *site = eng_site(1);
    struct block *before = eng_block(site, MIB);
    engine_free(before);
    engine_work();
    eng_expect_sound(MIB);
    fork_child();
    cr_expect_eq(engine_backend(), BACKEND_MLOCK);
    eng_expect_state(before, BLOCK_GONE);
    struct block *block = eng_block(site, MIB);
    engine_free(block);
    engine_work();
    eng_expect_state(block, BLOCK_QUARANTINED);
    eng_expect_sound(MIB);
}

Test(engine_fork, parent_goes_on_as_before)
{
    struct site *site = eng_site(1);
    struct block *pinned = eng_pinned(site, MIB), *queued = eng_block(site, MIB);
    engine_promote(queued, REASON_ALWAYS, NULL, 0);
    const unsigned kicks = fake.kicks;
    engine_fork_take();
    engine_fork_parent();
    cr_expect_gt(fake.kicks, kicks, "nobody looks at the queue");
    engine_work();
    eng_expect_state(pinned, BLOCK_PINNED);
    eng_expect_state(queued, BLOCK_PINNED);
    eng_expect_sound(2 * MIB);
}

/* --- a fork while another thread pins or unpins ---------------------------------------------------------------------
 */

static unsigned kept_waiting;

static void end_fork(void)
{
    if (kept_waiting++ < 3)
        return;
    cr_expect_eq(fake.unpins, 0, "unpinned in the middle of a fork");
    fake.on_wait = NULL;
    engine_fork_parent();
}

Test(engine_fork, rule_25_28_a_claim_waits_until_the_fork_is_over)
{
    struct block *block = eng_pinned(eng_site(1), MIB);
    engine_fork_take();
    fake.on_wait = end_fork;
    engine_app_claim(block);
    cr_expect_gt(kept_waiting, 3);
    eng_expect_state(block, BLOCK_PLAIN);
    eng_expect_sound(0);
}

static int fork_meanwhile(struct block *block)
{
    engine_fork_take(); /* from another thread: waits for this pin, but not for ever */
    eng_expect_state(block, BLOCK_PINNING);
    engine_fork_parent();
    return eng_lock(block);
}

Test(engine_fork, rule_28_fork_waits_for_the_pin_under_way_but_not_for_ever)
{
    eng_expect_patience(fork_meanwhile);
    eng_expect_sound(MIB);
}
