/* Tests of policy/decide.c: when to pin, and what a pin is worth. */
#include "policy/cost.h"
#include "policy/decide.h"
#include "policy/rent.h"
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
    cr_expect_eq(decide_after_copy(site, block, DIR_H2D), REASON_NOT_YET);
    rent_pay(block, price - 1);
    cr_expect_eq(decide_after_copy(site, block, DIR_H2D), REASON_NOT_YET);
    rent_pay(block, 1);
    cr_expect_eq(decide_after_copy(site, block, DIR_H2D), REASON_PAID);
}

/* What a program loses before its first pin is at most what the pin costs and one copy more: ski-rental's bound. */
Test(decide, rule_38_never_worse_than_twice_the_best)
{
    struct site *site;
    struct block *block = block_of("auto", &site);
    uint64_t lost = 0;
    const uint64_t one = cost_excess_ns(DIR_H2D, WAY_PLAIN, block->bytes), price = cost_pin_ns(block->bytes);
    while (eng_copy(block, block->bytes, 0) == REASON_NOT_YET && lost < 100 * price)
        lost += one;
    cr_expect_lt(lost, price);
    cr_expect_geq(lost + one, price);
    cr_expect_eq(site->lost_ns, lost + one);
    engine_work();
    eng_expect_state(block, BLOCK_PINNED);
}

/* A block that is copied often pays for itself, and not for one of its site that is copied once. */
Test(decide, blocks_pay_for_themselves)
{
    struct site *site;
    struct block *block = block_of("auto", &site), *other = eng_block(site, 16 * MIB);
    rent_pay(block, cost_pin_ns(block->bytes));
    cr_expect_eq(decide_after_copy(site, other, DIR_H2D), REASON_NOT_YET);
    cr_expect_eq(decide_after_copy(site, block, DIR_H2D), REASON_PAID);
}

Test(decide, never_and_always)
{
    struct site *site;
    struct block *block = block_of("never", &site);
    site->paid_ns = site->saved_ns = UINT64_MAX / 2;
    site->pins = 1;
    cr_expect_eq(decide_after_copy(site, block, DIR_H2D), REASON_NEVER);
    cr_expect_eq(decide_at_free(site, block), REASON_NEVER);
    site->promote.mode = PROMOTE_ALWAYS;
    site->paid_ns = 0;
    cr_expect_eq(decide_after_copy(site, block, DIR_H2D), REASON_ALWAYS);
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

/* What has been measured is given up where it is no gain, direction by direction. */
Test(decide, rule_38_no_gain_no_pin)
{
    struct site *site;
    struct block *block = block_of("auto", &site);
    rent_pay(block, SEC);
    for (int i = 0; i < 20; i++) {
        cost_copy_seen(DIR_H2D, WAY_PLAIN, 16 * MIB, MS);
        cost_copy_seen(DIR_H2D, WAY_DIRECT, 16 * MIB, 2 * MS);
    }
    cr_expect_eq(decide_after_copy(site, block, DIR_H2D), REASON_NO_GAIN);
    cr_expect_eq(decide_after_copy(site, block, DIR_D2H), REASON_PAID);
    cr_expect(reason_refuses(REASON_NO_GAIN));
    site->promote.mode = PROMOTE_ALWAYS;
    cr_expect_eq(decide_after_copy(site, block, DIR_H2D), REASON_ALWAYS, "who says always is obeyed");
}

/* --- worth ----------------------------------------------------------------------------------------------------------
 */

/* Half-life: what pinning all that is pinned costs. */
static uint64_t half_life(uint64_t pinned_bytes)
{
    cr_assert_eq(ledger_reserve(pinned_bytes, 1), 0);
    return cost_pin_ns(pinned_bytes);
}

Test(decide, worth_halves_as_others_are_copied)
{
    const uint64_t life = half_life(64 * MIB);
    struct block *block = eng_block(eng_site(1), MIB);
    worth_add(eng_block(eng_site(3), MIB), 1000);
    worth_set(block, 1024);
    const uint64_t clock = worth_clock();
    cr_expect_eq(worth_get(block, clock), 1024);
    cr_expect_eq(worth_get(block, clock + life / 2), 724);
    cr_expect_eq(worth_get(block, clock + life), 512);
    cr_expect_eq(worth_get(block, clock + 10 * life), 1);
    cr_expect_eq(worth_get(block, clock + 100 * life), 0);
    cr_expect_eq(worth_get(block, clock - 1), 1024, "a clock that another thread has read before");
    fake.now_ns += 1000 * SEC;
    cr_expect_eq(worth_get(block, worth_clock()), 1024, "while nothing is copied nothing loses worth");
    worth_add(eng_block(eng_site(2), MIB), life);
    cr_expect_eq(worth_get(block, worth_clock()), 512);
}

/* Frequent small additions must not keep old worth from fading. */
Test(decide, worth_fades_between_additions)
{
    const uint64_t life = half_life(64 * MIB);
    struct block *block = eng_block(eng_site(1), MIB);
    worth_set(block, 1ull << 40);
    for (int i = 0; i < 300; i++)
        worth_add(block, life / 10);
    cr_expect_lt(worth_get(block, worth_clock()), 2 * life, "30 half-lives have passed");
}

Test(decide, worth_is_compared_per_byte_and_priority_goes_first)
{
    struct block *small = eng_block(eng_site(1), MIB), *large = eng_block(eng_site(2), 4 * MIB);
    small->pin_bytes = MIB;
    large->pin_bytes = 4 * MIB;
    worth_set(small, 1000);
    worth_set(large, 3999);
    cr_expect(worth_less(large, small, worth_clock()));
    cr_expect_not(worth_less(small, large, worth_clock()));
    worth_set(large, 4000);
    cr_expect_not(worth_less(large, small, worth_clock()), "as much is not less");
    cr_expect_not(worth_less(small, large, worth_clock()));
    small->site->priority = 1;
    worth_set(large, 1000000);
    cr_expect(worth_less(large, small, worth_clock()));
    cr_expect_not(worth_less(small, large, worth_clock()));
}

Test(decide, a_bid_must_be_higher_by_a_margin)
{
    struct block *pinned = eng_block(eng_site(1), MIB), *candidate = eng_block(eng_site(2), MIB);
    const uint64_t margin = decide_price_ns(pinned) / 8;
    pinned->pin_bytes = candidate->pin_bytes = MIB;
    worth_set(pinned, 1000);
    worth_set(candidate, 1000 + margin);
    cr_expect_not(worth_outbids(candidate, pinned, worth_clock()));
    worth_set(candidate, 1001 + margin);
    cr_expect(worth_outbids(candidate, pinned, worth_clock()));
    pinned->site->priority = 1;
    cr_expect_not(worth_outbids(candidate, pinned, worth_clock()));
    candidate->site->priority = 2;
    worth_set(candidate, 0);
    cr_expect(worth_outbids(candidate, pinned, worth_clock()));
}

/* Of blocks that are copied in turn the last one always looks best: its last copy does not count. */
Test(decide, the_last_copy_is_no_bid)
{
    half_life(16 * MIB);
    struct block *pinned = eng_block(eng_site(1), MIB), *candidate = eng_block(eng_site(2), MIB);
    pinned->pin_bytes = candidate->pin_bytes = MIB;
    for (int i = 0; i < 3; i++) {
        worth_add(pinned, MS);
        worth_add(candidate, MS);
        cr_expect_not(worth_outbids(candidate, pinned, worth_clock()));
    }
    worth_add(candidate, MS);
    worth_add(candidate, MS);
    cr_expect(worth_outbids(candidate, pinned, worth_clock()));
}

/* So many half-lives pass by copies of other blocks. */
static void others_are_copied(unsigned half_lives)
{
    static struct block *other;
    if (!other)
        other = eng_block(eng_site(4), MIB);
    for (unsigned i = 0; i < half_lives; i++)
        worth_add(other, cost_pin_ns(ledger_bytes()));
}

/* One that asks to be pinned. */
static struct block *candidate_of(unsigned site)
{
    struct block *block = eng_block(eng_site(site), 16 * MIB);
    block->pin_bytes = 16 * MIB;
    return block;
}

static void copied(struct block *block)
{
    block->copies++;
    worth_add(block, MS / 100);
}

/* Its worth has faded to less than the margin by the time it is copied again: 20 half-lives lie between its copies. */
Test(decide, what_is_stale_gives_way_to_what_is_seldom_copied)
{
    struct block *pinned = eng_pinned(eng_site(1), 16 * MIB), *candidate = candidate_of(2);
    copied(pinned);
    for (int i = 0; i < 2; i++) {
        copied(candidate);
        cr_expect_not(worth_outbids(candidate, pinned, worth_clock()), "after %d copies", i + 1);
        others_are_copied(20);
    }
    copied(candidate);
    cr_expect(worth_outbids(candidate, pinned, worth_clock()));
    cr_expect_not(worth_outbids(candidate_of(3), pinned, worth_clock()), "it was never copied");
    copied(pinned);
    copied(candidate);
    cr_expect_not(worth_outbids(candidate, pinned, worth_clock()), "it has been copied again");
}

Test(decide, what_was_copied_lately_is_not_stale)
{
    struct block *pinned = eng_pinned(eng_site(1), 16 * MIB);
    copied(pinned);
    others_are_copied(15);
    struct block *candidate = candidate_of(2);
    copied(candidate);
    copied(candidate);
    cr_expect_not(worth_outbids(candidate, pinned, worth_clock()));
    others_are_copied(1);
    copied(candidate);
    cr_expect(worth_outbids(candidate, pinned, worth_clock()));
}

/* However much there is of them: none may oust another in turn. */
Test(decide, blocks_copied_in_turn_are_not_stale)
{
    struct block *pinned = eng_pinned(eng_site(1), 16 * MIB), *candidate = candidate_of(2);
    for (int round = 0; round < 20; round++) {
        copied(pinned);
        others_are_copied(40);
        copied(candidate);
        cr_expect_not(worth_outbids(candidate, pinned, worth_clock()), "round %d", round);
        others_are_copied(1);
    }
}

/* Each of its site's blocks is copied once: what they have paid speaks for the next. */
Test(decide, what_is_stale_gives_way_to_a_site_of_brief_blocks)
{
    struct block *pinned = eng_pinned(eng_site(1), 16 * MIB);
    others_are_copied(20);
    struct block *candidate = candidate_of(2);
    copied(candidate);
    cr_expect_not(worth_outbids(candidate, pinned, worth_clock()), "nothing is known of its site");
    candidate->site->left_ns = decide_price_ns(candidate);
    cr_expect(worth_outbids(candidate, pinned, worth_clock()));
    pinned->site->priority = 1;
    cr_expect_not(worth_outbids(candidate, pinned, worth_clock()));
}
