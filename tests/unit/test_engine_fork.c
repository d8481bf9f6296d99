/* Tests of policy/engine_end.c around fork(): rule 28. */
#include "policy/tally.h"
#include "tests/unit/engine_fixture.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

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
    cr_expect_eq(site_blocks(site), 0, "the parent's counts");
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

/* --- a real fork, with a thread in the middle of a long pin or unpin ------------------------------------------------
 */

static _Atomic int begun, forked;

/* The part of a backend that takes long: it ends only once the fork is over, so the fork must not wait for it. */
static void take_until_forked(void)
{
    begun = 1;
    while (!forked) {
        cr_expect(engine_pause());
        sched_yield();
    }
}

static int pin_long(struct block *block)
{
    take_until_forked();
    return eng_lock(block);
}

static int unpin_long(struct block *block)
{
    take_until_forked();
    return eng_unlock(block);
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

/* In the child: the block is simply memory, and was given back if the program had freed it. */
static int child_is_wrong(struct block *block, int freed)
{
    const unsigned releases = fake.releases;
    witness.process++;
    witness.locked = 0;
    engine_fork_child();
    if (block_word(block) != (freed ? BLOCK_GONE : BLOCK_PLAIN) || fake.releases - releases != (unsigned)freed)
        return 1;
    if (ledger_bytes() || block->pin_link)
        return 2;
    fake.on_pin = eng_lock;
    engine_use_backend(BACKEND_CUDA);
    if (freed)
        engine_born(block, block->site, MIB);
    engine_copy_begin(block);
    engine_promote(block, REASON_ALWAYS, NULL, 0);
    engine_copy_end(block);
    engine_work();
    if (block_state(block) != BLOCK_PINNED || witness.wrong_pins || witness.wrong_releases)
        return 3;
    return 0;
}

/* Forks while another thread's body() is at work on the block, which is then in that state. */
static void fork_during(struct block *block, void *(*body)(void *), enum block_state state, int freed)
{
    pthread_t thread;
    int status = -1;
    cr_assert_eq(pthread_create(&thread, NULL, body, block), 0);
    while (!begun)
        sched_yield();
    if (freed)
        engine_free(block);
    engine_fork_take();
    eng_expect_state(block, state);
    const pid_t pid = fork();
    if (pid == 0)
        _exit(child_is_wrong(block, freed));
    eng_expect_state(block, state);
    forked = 1;
    engine_fork_parent();
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_expect_eq(waitpid(pid, &status, 0), pid);
    cr_expect_eq(status, 0, "status %#x of the child", (unsigned)status);
}

/* The clock stands still: patience would never end. */
static void fork_during_pin(int freed)
{
    struct block *block = eng_block(eng_site(1), MIB);
    fake.on_pin = pin_long;
    engine_promote(block, REASON_ALWAYS, NULL, 0);
    fork_during(block, work, BLOCK_PINNING, freed);
    eng_expect_state(block, freed ? BLOCK_QUARANTINED : BLOCK_PINNED);
    cr_expect_eq(fake.releases, 0);
    eng_expect_sound(MIB);
}

Test(engine_fork, rule_28_fork_goes_ahead_in_the_middle_of_a_pin, .timeout = 60)
{
    fork_during_pin(0);
}

Test(engine_fork, rule_28_fork_goes_ahead_in_the_middle_of_a_pin_of_a_freed_block, .timeout = 60)
{
    fork_during_pin(1);
}

static void fork_during_unpin(int freed)
{
    struct block *block = eng_pinned(eng_site(1), MIB);
    fake.on_unpin = unpin_long;
    fork_during(block, demote, BLOCK_UNPINNING, freed);
    eng_expect_state(block, freed ? BLOCK_GONE : BLOCK_PLAIN);
    cr_expect_eq(fake.releases, (unsigned)freed);
    eng_expect_sound(0);
}

Test(engine_fork, rule_28_fork_goes_ahead_in_the_middle_of_an_unpin, .timeout = 60)
{
    fork_during_unpin(0);
}

Test(engine_fork, rule_28_fork_goes_ahead_in_the_middle_of_an_unpin_of_a_freed_block, .timeout = 60)
{
    fork_during_unpin(1);
}

/* What threads that are not in the child were doing with a block ends there: it is memory, and its free() gives it
 * back. */
Test(engine_fork, rule_28_claims_of_others_end, .init = eng_init)
{
    struct site *site = eng_site(1);
    struct block *all[] = {eng_block(site, MIB), eng_block(site, MIB), eng_block(site, MIB), eng_block(site, MIB)};
    fake.blocks = all;
    fake.n_blocks = 4;
    engine_copy_begin(all[0]);
    engine_app_claim(all[1]);
    cr_expect(block_move_begin(all[2]));
    engine_copy_begin(all[3]);
    engine_free(all[3]);
    eng_expect_state(all[3], BLOCK_PLAIN);
    engine_fork_take();
    witness.process++;
    engine_fork_child();
    eng_expect_state(all[3], BLOCK_GONE);
    cr_expect_eq(site_blocks(site), 0, "the parent's counts");
    cr_expect_eq(site_blocks_live(site), 3, "what was inherited");
    cr_expect_eq(site_bytes_live(site), 3 * MIB);
    for (int i = 0; i < 3; i++) {
        eng_expect_state(all[i], BLOCK_PLAIN);
        engine_free(all[i]);
        eng_expect_state(all[i], BLOCK_GONE);
    }
    eng_expect_sound(0);
}
