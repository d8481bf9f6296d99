/* Tests of policy/decide.c: when to pin, and what a pin is worth. */
#include "policy/cost.h"
#include "policy/decide.h"
#include "tests/unit/engine_fixture.h"

#include <stdio.h>

TestSuite(decide, .init = eng_init);

static struct block *block_of(const char *promote, struct site **site)
{
    char conf[64];
    sprintf(conf, "[promotion]\npromote = %s\n", promote);
    eng_start(conf);
    *site = eng_site(1);
    return eng_block(*site, 16 * MIB);
}

/* --- after a copy ---------------------------------------------------------------------------------------------------
 */

Test(decide, ski_rental_threshold)
{
    struct site *site;
    struct block *block = block_of("auto", &site);
    const uint64_t price = cost_pin_ns(block->bytes);
    cr_expect_eq(decide_after_copy(site, block), REASON_NOT_YET);
    site->paid_ns = price - 1;
    cr_expect_eq(decide_after_copy(site, block), REASON_NOT_YET);
    site->paid_ns = price;
    cr_expect_eq(decide_after_copy(site, block), REASON_PAID);
}

/* What a program loses before its first pin is at most what the pin costs and one copy more: ski-rental's bound. */
Test(decide, rule_38_never_worse_than_twice_the_best)
{
    struct site *site;
    struct block *block = block_of("auto", &site);
    uint64_t lost = 0;
    const uint64_t one = cost_excess_ns(DIR_H2D, block->bytes), price = cost_pin_ns(block->bytes);
    while (eng_copy(block, block->bytes, 0) == REASON_NOT_YET && lost < 100 * price)
        lost += one;
    cr_expect_lt(lost, price);
    cr_expect_geq(lost + one, price);
    cr_expect_eq(site->lost_ns, lost + one);
    engine_work();
    eng_expect_state(block, BLOCK_PINNED);
}

/* Many small blocks of one site pay together. */
Test(decide, blocks_of_a_site_pay_together)
{
    struct site *site;
    struct block *block = block_of("auto", &site), *other = eng_block(site, 16 * MIB);
    enum reason reason = REASON_NOT_YET;
    for (int i = 0; i < 100 && reason == REASON_NOT_YET; i++)
        reason = eng_copy(i & 1 ? block : other, 16 * MIB, 0);
    cr_expect_eq(reason, REASON_PAID);
}

Test(decide, hot_once_its_pins_have_paid)
{
    struct site *site;
    struct block *block = block_of("auto", &site);
    site->saved_ns = 100;
    cr_expect_not(decide_site_hot(site), "never pinned");
    site->pins = 1;
    site->pin_ns = 101;
    cr_expect_not(decide_site_hot(site));
    cr_expect_eq(decide_after_copy(site, block), REASON_NOT_YET);
    site->saved_ns = 101;
    cr_expect(decide_site_hot(site));
    cr_expect_eq(decide_after_copy(site, block), REASON_HOT, "a hot site pins at its first copy");
}

Test(decide, never_and_always)
{
    struct site *site;
    struct block *block = block_of("never", &site);
    site->paid_ns = site->saved_ns = UINT64_MAX / 2;
    site->pins = 1;
    cr_expect_eq(decide_after_copy(site, block), REASON_NEVER);
    cr_expect_eq(decide_at_free(site, block), REASON_NEVER);
    site->promote.mode = PROMOTE_ALWAYS;
    site->paid_ns = 0;
    cr_expect_eq(decide_after_copy(site, block), REASON_ALWAYS);
    cr_expect_eq(decide_at_free(site, block), REASON_ALWAYS);
}

Test(decide, after_n_counts_the_copies_of_the_site)
{
    struct site *site;
    struct block *block = block_of("after=3", &site), *other = eng_block(site, 16 * MIB);
    cr_expect_eq(eng_copy(block, MIB, 0), REASON_NOT_YET);
    cr_expect_eq(eng_copy(other, MIB, 0), REASON_NOT_YET);
    cr_expect_eq(eng_copy(block, MIB, 0), REASON_AFTER);
    struct site *fresh = eng_site(2);
    cr_expect_eq(eng_copy(eng_block(fresh, 16 * MIB), MIB, 0), REASON_NOT_YET, "copies of another site count");
}

/* --- when a block is freed ------------------------------------------------------------------------------------------
 */

Test(decide, at_free)
{
    struct site *site;
    struct block *block = block_of("auto", &site);
    site->paid_ns = cost_pin_ns(block->bytes);
    cr_expect_eq(decide_at_free(site, block), REASON_NOT_YET, "one block is no recurrence");
    eng_block(site, 16 * MIB);
    cr_expect_eq(decide_at_free(site, block), REASON_RECURS);
    site->paid_ns = cost_pin_ns(block->bytes) - 1;
    cr_expect_eq(decide_at_free(site, block), REASON_NOT_YET);
}

Test(decide, at_free_after_n_counts_blocks)
{
    struct site *site;
    struct block *block = block_of("after=3", &site);
    eng_block(site, 16 * MIB);
    cr_expect_eq(decide_at_free(site, block), REASON_NOT_YET);
    eng_block(site, 16 * MIB);
    cr_expect_eq(decide_at_free(site, block), REASON_AFTER);
}

/* --- worth ----------------------------------------------------------------------------------------------------------
 */

Test(decide, worth_halves_as_time_goes_by)
{
    struct block block = {0};
    uint64_t now = 1000 * SEC;
    worth_add(&block, 1000, now);
    worth_add(&block, 24, now);
    cr_expect_eq(worth_get(&block, now), 1024);
    cr_expect_eq(worth_get(&block, now + 3 * SEC), 1024);
    cr_expect_eq(worth_get(&block, now + 4 * SEC), 512);
    cr_expect_eq(worth_get(&block, now + 40 * SEC), 1);
    cr_expect_eq(worth_get(&block, now + 400 * SEC), 0);
    cr_expect_eq(worth_get(&block, now - SEC), 1024, "a clock that goes back makes nothing of it");
    worth_add(&block, 8, now + 8 * SEC);
    cr_expect_eq(worth_get(&block, now + 8 * SEC), 256 + 8);
}

/* Frequent small additions must not keep old worth from fading. */
Test(decide, worth_fades_between_additions)
{
    struct block block = {0};
    worth_add(&block, 1ull << 40, 100 * SEC);
    for (uint64_t at = 103; at <= 220; at += 3)
        worth_add(&block, 1, at * SEC);
    cr_expect_lt(worth_get(&block, 220 * SEC), 1 << 12, "30 half-lives have passed");
}

Test(decide, worth_is_compared_per_byte_and_priority_goes_first)
{
    struct block *small = eng_block(eng_site(1), MIB), *large = eng_block(eng_site(2), 4 * MIB);
    const uint64_t now = prim_now_ns();
    small->pin_bytes = MIB;
    large->pin_bytes = 4 * MIB;
    eng_worth(small, 1000);
    eng_worth(large, 3999);
    cr_expect(worth_less(large, small, now));
    cr_expect_not(worth_less(small, large, now));
    eng_worth(large, 4000);
    cr_expect_not(worth_less(large, small, now), "as much is not less");
    cr_expect_not(worth_less(small, large, now));
    small->site->priority = 1;
    eng_worth(large, 1000000);
    cr_expect(worth_less(large, small, now));
    cr_expect_not(worth_less(small, large, now));
}
