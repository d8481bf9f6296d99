/* Tests of policy/rent.c: what a pin is bought with, and what pins earn. */
#include "policy/cost.h"
#include "policy/decide.h"
#include "policy/rent.h"
#include "tests/unit/engine_fixture.h"

TestSuite(rent, .init = eng_init);

enum {
    DOUBTS = 8 /* pins that have earned nothing, before a site has to wait */
};

static struct site *site;
static uint64_t price;

/* A block of the site that all these tests have. */
static struct block *block_new(void)
{
    site = eng_site(1);
    struct block *block = eng_block(site, 16 * MIB);
    price = decide_price_ns(block);
    return block;
}

/* Pays so much and is pinned. */
static struct block *bought(uint64_t ns)
{
    struct block *block = block_new();
    rent_pay(block, ns);
    rent_spend(block, price);
    return block;
}

Test(rent, what_freed_blocks_have_paid_is_left_to_the_next)
{
    struct block *first = block_new(), *next = block_new();
    rent_pay(first, price / 2);
    rent_pay(next, price / 2 + 1);
    cr_expect_eq(rent_reason(next, price), REASON_NOT_YET, "what a block pays is its own while it lives");
    engine_free(first);
    cr_expect_eq(site->left_ns, price / 2);
    cr_expect_eq(rent_reason(next, price), REASON_PAID);
    rent_spend(next, price);
    cr_expect_leq(site->left_ns, 1);
    cr_expect_leq(site->paid_ns, 1, "spent twice");
    cr_expect_eq(rent_reason(block_new(), price), REASON_NOT_YET);
}

/* A pin that has earned more than twice the best plan allows for buys the next one before its time. */
Test(rent, credit_pins_before_its_time)
{
    struct block *block = bought(price), *next = block_new();
    rent_pay(next, 1);
    cr_expect_eq(rent_reason(next, price), REASON_NOT_YET, "nothing is earned yet");
    rent_earn(block, 2 * price, price);
    cr_expect_gt(site->credit_ns, 0);
    cr_expect_leq(site->credit_ns, price, "more than one pin's credit");
    cr_expect_eq(rent_reason(next, price), REASON_HOT);
    rent_spend(next, price);
    cr_expect_leq(site->credit_ns, 1, "credit is spent once");
    cr_expect_eq(rent_reason(block_new(), price), REASON_NOT_YET);
}

/* However often a pinned block is copied, its credit is what the bound leaves: twice the price and the first copy, less
 * twice what was paid. */
Test(rent, credit_is_bounded)
{
    struct block *block = block_new();
    rent_pay(block, price / 10);
    rent_pay(block, price);
    rent_spend(block, price);
    site->credit_ns = 0;
    for (int i = 0; i < 1000; i++)
        rent_earn(block, price / 100, price);
    cr_expect_leq(site->credit_ns, 1, "it had paid the price and its first copy: nothing is left");
    rent_earn(bought(price), 100 * price, price);
    cr_expect_leq(site->credit_ns, price);
}

/* Pins that have earned nothing make their site wait for one copy more; pins that have, undo that. */
Test(rent, doubts_raise_the_threshold)
{
    struct block *pinned[DOUBTS];
    for (int i = 0; i < DOUBTS; i++) {
        struct block *next = block_new();
        rent_pay(next, price);
        cr_expect_eq(rent_reason(next, price), REASON_PAID);
        rent_spend(next, price);
        pinned[i] = next;
    }
    struct block *next = block_new();
    rent_pay(next, price);
    cr_expect_eq(rent_reason(next, price), REASON_NOT_YET);
    rent_pay(next, price - 1);
    cr_expect_eq(rent_reason(next, price), REASON_NOT_YET);
    rent_pay(next, 1);
    cr_expect_eq(rent_reason(next, price), REASON_PAID, "never more than the price and its first copy");
    rent_earn(pinned[0], 10 * price, price);
    cr_expect_lt(site->doubts, DOUBTS);
    struct block *last = block_new();
    rent_pay(last, price);
    cr_expect_eq(rent_reason(last, price), REASON_PAID);
}

/* One that found no room pays a quarter of the price again before it asks again. */
Test(rent, asks_again_after_a_quarter)
{
    struct block *block = block_new();
    rent_pay(block, 3 * price);
    rent_ask_later(block, price);
    cr_expect_eq(rent_reason(block, price), REASON_NOT_YET);
    cr_expect_eq(site->paid_ns, block->paid_ns);
    rent_pay(block, price / 4 - 1);
    cr_expect_eq(rent_reason(block, price), REASON_NOT_YET);
    rent_pay(block, 1);
    cr_expect_eq(rent_reason(block, price), REASON_PAID);
}

/* Twice the best in hindsight, whatever happens: pins when they are allowed, and the program stops or goes on. */
Test(rent, rule_38_never_more_than_twice_the_best)
{
    uint64_t cost = 0, best = 0, seed = 1;
    for (int i = 0; i < 2000; i++) {
        struct block *block = block_new();
        const uint64_t excess = price / (1 + (seed >> 20) % 7) + 1;
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        const uint64_t copies = (seed >> 40) % 3 ? (seed >> 33) % 6 + 1 : 20;
        int pinned = 0;
        for (uint64_t n = 0; n < copies; n++) {
            if (pinned) {
                rent_earn(block, excess, price);
                continue;
            }
            cost += excess;
            rent_pay(block, excess);
            if (rent_reason(block, price) != REASON_NOT_YET) {
                rent_spend(block, price);
                cost += price;
                pinned = 1;
            }
        }
        best += copies * excess < price + excess ? copies * excess : price + excess;
        cr_assert_leq(cost, 2 * best + 2 * (uint64_t)i, "after %d blocks", i + 1);
    }
}
