/* Tests of policy/engine_pin.c when pinning or unpinning fails: rule 34, and what must then never be unmapped. */
#include "tests/unit/engine_fixture.h"

#include <errno.h>

TestSuite(engine_fail, .init = eng_init);

/* The next pin fails like this, and this reason is given. */
static struct block *fail_once(int err, enum reason reason)
{
    struct block *block = eng_block(eng_site(1), MIB);
    fake.pin_failure = eng_failure(fake.pins, 1, err);
    eng_promote(block);
    cr_expect_eq(block->site->why, reason, "%s", reason_text((enum reason)block->site->why));
    cr_expect_eq(block->site->refused[reason], 1);
    cr_expect_eq(block->site->pin_failures, 1);
    cr_expect_eq(block->site->pinned_bytes, 0);
    eng_expect_state(block, BLOCK_PLAIN);
    eng_expect_sound(0);
    return block;
}

Test(engine_fail, rule_34_is_rolled_back_and_tried_again_later)
{
    struct block *block = fail_once(-EIO, REASON_DRIVER);
    fake.now_ns += SEC;
    eng_pin(block);
    cr_expect_eq(block->failures, 0);
    eng_expect_sound(MIB);
}

Test(engine_fail, rule_34_backs_off_longer_each_time)
{
    eng_start("[promotion]\npromote = always\n");
    struct block *block = eng_block(eng_site(1), MIB);
    fake.pin_failure = eng_failure(0, 1000, -EIO);
    uint64_t last = 0;
    for (int i = 0; i < 14; i++) {
        cr_expect_eq(eng_copy(block, MIB, 0), REASON_ALWAYS);
        engine_work();
        const uint64_t wait = block->retry_ns - fake.now_ns;
        cr_expect(i > 10 ? wait == last : wait >= 2 * last, "after %d failures: %llu", i, (unsigned long long)wait);
        last = wait;
        fake.now_ns += wait - 1;
        cr_expect_eq(eng_copy(block, MIB, 0), REASON_NOT_YET, "tried again before its time");
        fake.now_ns += 1;
    }
    cr_expect_eq(fake.pins, 14);
    cr_expect_leq(last, 60 * SEC);
}

Test(engine_fail, rule_34_out_of_memory_evicts_one_and_tries_once_more)
{
    struct block *old = eng_pinned(eng_site(2), MIB), *older = eng_pinned(eng_site(2), MIB);
    struct block *block = eng_block(eng_site(1), MIB);
    eng_worth(block, 1000 * MS);
    fake.pin_failure = eng_failure(fake.pins, 1, -ENOMEM);
    eng_pin(block);
    cr_expect_eq(fake.pins, 4);
    cr_expect_eq(fake.unpins, 1);
    cr_expect_eq((block_state(old) == BLOCK_PLAIN) + (block_state(older) == BLOCK_PLAIN), 1);
    eng_expect_sound(2 * MIB);
    fake.pin_failure = eng_failure(fake.pins, 100, -ENOMEM);
    struct block *last = eng_block(eng_site(1), MIB);
    eng_worth(last, 2000 * MS);
    eng_promote(last);
    eng_expect_state(last, BLOCK_PLAIN);
    cr_expect_eq(fake.pins, 6, "tried more than twice");
    cr_expect_eq(fake.unpins, 2);
    cr_expect_eq(last->site->why, REASON_DRIVER);
    eng_expect_sound(MIB);
}

Test(engine_fail, rule_34_out_of_memory_evicts_nothing_of_as_much_worth)
{
    struct block *old = eng_pinned(eng_site(2), MIB), *block = eng_block(eng_site(1), MIB);
    eng_worth(old, 1000 * MS);
    eng_worth(block, 1000 * MS);
    fake.pin_failure = eng_failure(fake.pins, 1, -ENOMEM);
    eng_promote(block);
    eng_expect_state(block, BLOCK_PLAIN);
    eng_expect_state(old, BLOCK_PINNED);
}

Test(engine_fail, rule_34_out_of_memory_with_nothing_to_evict)
{
    fail_once(-ENOMEM, REASON_DRIVER);
    cr_expect_eq(fake.pins, 1);
}

/* Somebody else has pinned it: theirs it is. */
Test(engine_fail, rule_25_busy_is_the_applications)
{
    struct block *block = fail_once(-EBUSY, REASON_APPLICATION);
    engine_free(block);
    cr_expect_eq(fake.unpins, 0, "unregistered what somebody else had registered");
    cr_expect_eq(fake.releases, 1);
}

Test(engine_fail, rule_29_no_permission_to_lock)
{
    fail_once(-EPERM, REASON_MEMLOCK);
}

Test(engine_fail, rule_29_limit_on_locked_memory)
{
    fail_once(-EAGAIN, REASON_MEMLOCK);
}

Test(engine_fail, rule_31_unsupported_device_stops_promoting)
{
    fail_once(-EOPNOTSUPP, REASON_UNSUPPORTED);
    for (int i = 0; i < 10; i++) {
        struct block *block = eng_block(eng_site(2), MIB);
        eng_promote(block);
        eng_expect_state(block, BLOCK_PLAIN);
    }
    cr_expect_eq(fake.pins, 1, "asked a device that gains nothing again");
    cr_expect_eq(eng_site(2)->refused[REASON_UNSUPPORTED], 10);
    eng_expect_sound(0);
}

/* --- what cannot be unpinned ----------------------------------------------------------------------------------------
 */

Test(engine_fail, rule_20_a_block_that_cannot_be_unpinned_is_kept)
{
    struct block *block = eng_pinned(eng_site(1), MIB);
    fake.unpin_failure = eng_failure(0, 1, -EIO);
    engine_demote(block);
    eng_expect_state(block, BLOCK_KEPT);
    cr_expect_eq(record.totals.kept_blocks, 1);
    eng_expect_sound(MIB); /* it still is pinned: the cap has to know */
    cr_expect_eq(block->site->pinned_bytes, MIB);
    engine_demote(block);
    engine_promote(block, REASON_ALWAYS, NULL, 0);
    engine_copy_begin(block);
    engine_free(block);
    engine_copy_end(block);
    fake.now_ns += 1000 * SEC;
    engine_work();
    eng_expect_state(block, BLOCK_KEPT);
    cr_expect_eq(fake.releases, 0, "pages that are still pinned went back to the system");
    cr_expect_null(engine_recycle(block->site, MIB, block->size_class));
    cr_expect_eq(fake.unpins, 1);
    cr_expect_eq(fake.pins, 1);
}

Test(engine_fail, rule_20_a_freed_block_that_cannot_be_unpinned_is_kept)
{
    struct block *block = eng_pinned(eng_site(1), MIB);
    engine_free(block);
    fake.unpin_failure = eng_failure(0, 1, -EIO);
    fake.now_ns += 1000 * SEC;
    engine_work();
    eng_expect_state(block, BLOCK_KEPT);
    cr_expect_eq(fake.releases, 0);
    eng_expect_sound(MIB);
}

/* The part of it that was pinned could not be rolled back. */
Test(engine_fail, rule_20_a_pin_that_is_stuck_half_way_is_kept)
{
    struct block *block = eng_block(eng_site(1), MIB);
    fake.pin_failure = eng_failure(0, 1, -ENOTRECOVERABLE);
    eng_promote(block);
    eng_expect_state(block, BLOCK_KEPT);
    cr_expect_eq(ledger_bytes(), MIB);
    cr_expect_eq(record.totals.kept_blocks, 1);
    engine_free(block);
    cr_expect_eq(fake.releases, 0);
}

Test(engine_fail, an_eviction_that_fails_makes_no_room)
{
    eng_start("[limits]\nmax_pinned = 1M\n");
    struct block *old = eng_pinned(eng_site(1), MIB), *block = eng_block(eng_site(2), MIB);
    eng_worth(block, 1000 * MS);
    fake.unpin_failure = eng_failure(0, 1, -EIO);
    eng_promote(block);
    eng_expect_state(old, BLOCK_KEPT);
    eng_expect_state(block, BLOCK_PLAIN);
    cr_expect_eq(block->site->why, REASON_CAP);
    eng_expect_sound(MIB);
}
