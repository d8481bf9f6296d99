/* Tests of policy/engine_pin.c and engine.c: pinning brings in what has no memory yet, which is neither done unasked
 * nor to the system's harm (rules 32 and 38). */
#include "policy/cost.h"
#include "policy/decide.h"
#include "tests/unit/engine_fixture.h"

TestSuite(engine_sparse, .init = eng_init);

static void expect_refused(struct block *block, enum reason reason)
{
    eng_promote(block);
    eng_expect_state(block, BLOCK_PLAIN);
    cr_expect_eq(block->site->refused[reason], 1, "refused: %s", reason_text((enum reason)block->site->why));
    cr_expect_eq(block->site->pinned_bytes, 0);
    eng_expect_sound(0);
}

Test(engine_sparse, rule_38_a_block_without_memory_is_not_pinned)
{
    fake.absent_bytes = MIB + 4096;
    expect_refused(eng_block(eng_site(1), 4 * MIB), REASON_SPARSE);
    cr_expect_eq(fake.pins, 0);
    fake.absent_bytes = MIB;
    eng_pin(eng_block(eng_site(1), 4 * MIB));
    eng_expect_sound(4 * MIB);
}

/* It is asked about again once more of it may have been touched. */
Test(engine_sparse, rule_38_a_block_that_gets_its_memory_later_is_pinned)
{
    struct block *block = eng_block(eng_site(1), 4 * MIB);
    fake.absent_bytes = 3 * MIB;
    expect_refused(block, REASON_SPARSE);
    cr_expect_gt(block->retry_ns, fake.now_ns);
    fake.now_ns = block->retry_ns;
    fake.absent_bytes = 0;
    eng_pin(block);
}

Test(engine_sparse, what_the_user_asks_for_is_pinned_without_memory_too)
{
    eng_start("[promotion]\npromote = always\n");
    fake.absent_bytes = 4 * MIB;
    eng_pin(eng_block(eng_site(1), 4 * MIB));
}

/* An opinion on when, not on how much. */
Test(engine_sparse, rule_38_after_a_number_of_copies_is_no_excuse)
{
    eng_start("[site often]\nmodule = mod2\npromote = after=1\n");
    fake.absent_bytes = 4 * MIB;
    expect_refused(eng_block(eng_site(2), 4 * MIB), REASON_SPARSE);
}

/* Only what it lacks is taken from the system. */
Test(engine_sparse, rule_32_what_is_absent_must_leave_min_free)
{
    eng_start("[limits]\nmin_free = 1G\n");
    struct block *block = eng_block(eng_site(1), 16 * MIB);
    fake.absent_bytes = 4 * MIB;
    fake.available_bytes = 1024 * MIB + 4 * MIB - 1;
    expect_refused(block, REASON_MEMORY_LOW);
    cr_expect_eq(fake.pins, 0);
    fake.now_ns += SEC;
    fake.available_bytes++;
    eng_pin(block);
    fake.absent_bytes = 0;
    fake.available_bytes = 1024 * MIB;
    eng_pin(eng_block(eng_site(1), 64 * MIB)); /* all of it there: it costs the system nothing */
}

/* --- backend mlock: what a block's page faults have cost is known when it is freed ----------------------------------
 */

static struct block *faulted_block(struct site *site, size_t bytes)
{
    struct block *block = eng_block(site, bytes);
    engine_free(block); /* born again, this time with pages to fault in */
    block->fresh = 1;
    engine_born(block, site, bytes);
    return block;
}

Test(engine_sparse, rule_38_only_resident_pages_have_faulted)
{
    struct site *site = eng_site(1);
    engine_use_backend(BACKEND_MLOCK);
    engine_free(faulted_block(site, 64 * MIB)); /* the first faults whatever anybody does */
    const uint64_t paid = site->paid_ns, lost = site->lost_ns;
    struct block *block = faulted_block(site, 64 * MIB);
    cr_expect_eq(site->paid_ns, paid, "paid before it was known which pages were touched");
    fake.absent_bytes = 60 * MIB;
    engine_free(block);
    cr_expect_eq(site->paid_ns - paid, cost_fault_ns(4 * MIB, 0));
    cr_expect_eq(site->lost_ns - lost, cost_fault_ns(4 * MIB, 0));
}

Test(engine_sparse, rule_38_freed_blocks_of_few_pages_are_not_kept)
{
    struct site *site = eng_site(1);
    engine_use_backend(BACKEND_MLOCK);
    fake.absent_bytes = 64 * MIB - 16 * 4096ull;
    for (int i = 0; i < 200; i++)
        engine_free(faulted_block(site, 64 * MIB));
    engine_work();
    cr_expect_eq(fake.pins, 0);
    struct block *block = faulted_block(site, 64 * MIB);
    const uint64_t refused = site->refused[REASON_SPARSE];
    site->paid_ns = 100 * SEC; /* as other blocks of it may have paid */
    engine_free(block);
    eng_expect_state(block, BLOCK_GONE);
    engine_work();
    cr_expect_eq(fake.pins, 0);
    cr_expect_eq(site->refused[REASON_SPARSE], refused + 1);
}

/* What pinning costs is learnt for the pages that had no memory apart from those that had. */
Test(engine_sparse, pins_teach_about_their_kind_of_page)
{
    eng_start("[promotion]\npromote = always\n");
    const uint64_t resident = cost_pin_ns(8 * MIB);
    fake.absent_bytes = 8 * MIB;
    fake.step_ns = 40 * MS;
    eng_pinned(eng_site(1), 8 * MIB);
    cr_expect_eq(cost_pin_ns(8 * MIB), resident);
    cr_expect_gt(cost_pin_parts_ns(8 * MIB, 8 * MIB, 0), 35 * MS);
    struct block *huge = eng_block(eng_site(2), 8 * MIB);
    engine_huge(huge);
    fake.step_ns = 30 * MS;
    eng_pin(huge);
    cr_expect_gt(decide_price_ns(huge), 25 * MS);
    cr_expect_lt(decide_price_ns(huge), 35 * MS);
    cr_expect_eq(cost_pin_ns(8 * MIB), resident);
}
