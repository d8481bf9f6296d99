/* Tests of policy/engine_end.c: the end of pins meets a block in every state that it can be in, also while another
 * thread is at work on it. */
#include "tests/unit/engine_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

TestSuite(engine_demote, .init = eng_init, .timeout = 60);

static int one_context, other_context;

static int in_context(const struct block *block, const void *context)
{
    return block->pin_context == context;
}

typedef void (*ending)(block_match match, const void *what);
static const ending endings[] = {engine_demote_matching, engine_lose_matching};

static struct block *queued_in(void *context)
{
    struct block *block = eng_block(eng_site(1), MIB);
    engine_promote(block, REASON_ALWAYS, context, 0);
    eng_expect_state(block, BLOCK_PINNING);
    return block;
}

static struct block *pinned_in(void *context)
{
    struct block *block = queued_in(context);
    engine_work();
    eng_expect_state(block, BLOCK_PINNED);
    return block;
}

/* --- by one thread --------------------------------------------------------------------------------------------------
 */

Test(engine_demote, rule_27_what_is_queued_is_cancelled)
{
    for (int i = 0; i < 2; i++) {
        struct block *queued = queued_in(&one_context), *freed = queued_in(&one_context);
        struct block *stays = queued_in(&other_context);
        const unsigned pins = fake.pins, releases = fake.releases;
        engine_free(freed);
        endings[i](in_context, &one_context);
        eng_expect_state(queued, BLOCK_PLAIN);
        eng_expect_state(freed, BLOCK_GONE);
        eng_expect_state(stays, BLOCK_PINNING);
        cr_expect_eq(fake.releases, releases + 1);
        engine_work();
        cr_expect_eq(fake.pins, pins + 1, "pinned in a context that has ended");
        eng_expect_state(stays, BLOCK_PINNED);
        eng_expect_sound((uint64_t)(i + 1) * MIB);
    }
}

Test(engine_demote, rule_27_pinned_and_quarantined_ones_go_and_others_stay)
{
    for (int i = 0; i < 2; i++) {
        struct block *pinned = pinned_in(&one_context), *freed = pinned_in(&one_context);
        struct block *stays = pinned_in(&other_context), *plain = eng_block(eng_site(1), MIB);
        engine_free(freed);
        endings[i](in_context, &one_context);
        eng_expect_state(pinned, BLOCK_PLAIN);
        eng_expect_state(freed, BLOCK_GONE);
        eng_expect_state(stays, BLOCK_PINNED);
        eng_expect_state(plain, BLOCK_PLAIN);
        cr_expect_null(engine_recycle(freed->site, MIB, freed->size_class));
        eng_expect_sound((uint64_t)(i + 1) * MIB);
    }
    cr_expect_eq(fake.waits, 0);
}

/* What could not be unpinned once is not waited for, nor tried again. */
Test(engine_demote, rule_20_what_is_kept_is_left_alone)
{
    struct block *kept = pinned_in(&one_context);
    fake.unpin_failure = eng_failure(0, 1, -EIO);
    engine_demote_matching(in_context, &one_context);
    eng_expect_state(kept, BLOCK_KEPT);
    for (int i = 0; i < 2; i++)
        endings[i](in_context, &one_context);
    eng_expect_state(kept, BLOCK_KEPT);
    cr_expect_eq(fake.unpins, 1);
    cr_expect_eq(fake.waits, 0);
}

/* The graphs that name a block end with their context, and only then. */
Test(engine_demote, rule_14_27_held_blocks_go_only_with_their_context)
{
    struct block *held = pinned_in(&one_context), *freed = pinned_in(&one_context);
    engine_hold(held);
    engine_hold(freed);
    engine_free(freed);
    engine_demote_matching(in_context, &one_context);
    eng_expect_state(held, BLOCK_PINNED);
    eng_expect_state(freed, BLOCK_QUARANTINED);
    cr_expect_eq(fake.unpins, 0);
    engine_lose_matching(in_context, &one_context);
    eng_expect_state(held, BLOCK_PLAIN);
    eng_expect_state(freed, BLOCK_PLAIN);
    cr_expect_eq(fake.releases, 0, "given away although a graph names it");
    eng_promote(held);
    eng_expect_state(held, BLOCK_PLAIN);
    eng_expect_sound(0);
}

static struct block *flying;

static void land(void)
{
    fake.on_wait = NULL;
    cr_expect_eq(witness.locked, 2 * MIB, "unpinned while a copy was under way");
    engine_copy_end(flying);
}

Test(engine_demote, rule_23_what_is_in_flight_is_waited_for)
{
    struct block *held = pinned_in(&one_context);
    flying = pinned_in(&other_context);
    engine_hold(held);
    for (int i = 0; i < 2; i++) {
        flying = i == 0 ? flying : held;
        engine_copy_begin(flying);
        fake.on_wait = land;
        endings[i](in_context, i == 0 ? &other_context : &one_context);
        cr_expect_null(fake.on_wait, "did not wait");
        eng_expect_state(flying, BLOCK_PLAIN);
        if (i == 0)
            pinned_in(&other_context);
    }
    eng_expect_sound(MIB);
}

/* --- while another thread is at work --------------------------------------------------------------------------------
 */

static _Atomic int begun, go;

static void let_go(void)
{
    go = 1;
}

static void take_until_go(void)
{
    begun = 1;
    while (!go)
        sched_yield();
}

static int pin_long(struct block *block)
{
    take_until_go();
    return eng_lock(block);
}

static int unpin_long(struct block *block)
{
    take_until_go();
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

/* Ends the pins of the context while another thread's body() is at work on the block, which goes on once it is waited
 * for.  When that returns, nothing of the block is locked any more. */
static void end_during(ending end, struct block *block, void *(*body)(void *), enum block_state state, int freed)
{
    pthread_t thread;
    begun = go = 0;
    cr_assert_eq(pthread_create(&thread, NULL, body, block), 0);
    while (!begun)
        sched_yield();
    eng_expect_state(block, state);
    if (freed)
        engine_free(block);
    fake.on_wait = let_go;
    end(in_context, &one_context);
    cr_expect(go, "did not wait for the other thread");
    cr_expect_eq(witness.locked, 0, "still locked when its context ends");
    go = 1;
    pthread_join(thread, NULL);
    fake.on_wait = NULL;
    eng_expect_state(block, freed ? BLOCK_GONE : BLOCK_PLAIN);
    eng_expect_sound(0);
}

static void end_during_pin(ending end, int freed)
{
    fake.on_pin = pin_long;
    end_during(end, queued_in(&one_context), work, BLOCK_PINNING, freed);
    fake.on_pin = eng_lock;
}

Test(engine_demote, rule_27_a_pin_under_way_is_waited_for_and_ended)
{
    for (int i = 0; i < 2; i++)
        for (int freed = 0; freed < 2; freed++)
            end_during_pin(endings[i], freed);
    cr_expect_eq(fake.unpins, 4);
}

/* A graph may have named it since its promotion began: the end of its context finds it all the same. */
static int pin_held(struct block *block)
{
    engine_hold(block);
    return pin_long(block);
}

Test(engine_demote, rule_14_27_a_pin_under_way_of_a_held_block_is_ended)
{
    fake.on_pin = pin_held;
    end_during(engine_lose_matching, queued_in(&one_context), work, BLOCK_PINNING, 0);
}

static void end_during_unpin(ending end, int freed)
{
    struct block *block = pinned_in(&one_context);
    fake.on_unpin = unpin_long;
    end_during(end, block, demote, BLOCK_UNPINNING, freed);
    fake.on_unpin = eng_unlock;
}

Test(engine_demote, rule_27_an_unpin_under_way_is_waited_for)
{
    for (int i = 0; i < 2; i++)
        for (int freed = 0; freed < 2; freed++)
            end_during_unpin(endings[i], freed);
    cr_expect_eq(fake.unpins, 4, "unpinned twice");
}
