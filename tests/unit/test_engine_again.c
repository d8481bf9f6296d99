/* Tests of the quick pair of policy/engine.c: a READY block is served as any other, and one of which something is to be
 * settled is not freed that way. */
#include "policy/tally.h"
#include "tests/unit/engine_fixture.h"

TestSuite(engine_again, .init = eng_init);

/* A block of the site that the program has, and that has a place. */
static struct block *placed(struct site *site)
{
    struct block *block = eng_block(site, MIB);
    atomic_fetch_or(&block->word, WORD_PLACED);
    return block;
}

Test(engine_again, a_pair_is_counted)
{
    struct site *site = eng_site(1), *other = eng_site(2);
    struct block *block = placed(site);
    cr_assert(engine_leave_block(block));
    eng_expect_state(block, BLOCK_READY);
    cr_expect_eq(site_blocks_live(site), 0);
    block->fresh = block->avoidable = 1; /* as it was when it was served first */
    cr_assert(engine_again(block, other, 2 * MIB));
    cr_expect_eq(block_word(block), BLOCK_PLAIN | WORD_PLACED);
    cr_expect_eq(block->site, other);
    cr_expect_eq(block->bytes, 2 * MIB);
    cr_expect(!block->fresh && !block->avoidable, "its pages are there");
    cr_expect_eq(site_blocks(other), 1);
    cr_expect_eq(site_bytes_live(other), 2 * MIB);
    cr_expect_eq(site_blocks(site), 1);
    cr_expect_not(engine_again(block, site, MIB), "the program has it");
    cr_expect_eq(site_blocks(site), 1);
    eng_expect_sound(0);
}

Test(engine_again, nothing_of_the_last_life_is_left)
{
    struct site *site = eng_site(1);
    struct block *block = placed(site);
    eng_copy(block, MIB, 1000);
    engine_moved(block);
    atomic_store(&block->failures, 3);
    atomic_store(&block->paid_ns, 0);
    cr_assert(engine_leave_block(block));
    cr_assert(engine_again(block, site, MIB));
    cr_expect(block->copies == 0 && block->failures == 0 && block->retry_ns == 0 && block->worth_ns == 0);
}

/* What has to be settled first is engine_free()'s: it stays as it was. */
static void expect_refused(struct block *block, const char *why)
{
    const uint32_t word = block_word(block);
    cr_expect_not(engine_leave_block(block), "%s", why);
    cr_expect_eq(block_word(block), word, "%s", why);
    cr_expect_eq(site_blocks_live(block->site), 1, "%s", why);
    engine_free(block);
    cr_expect_eq(site_blocks_live(block->site), 0, "%s", why);
}

Test(engine_again, what_is_to_be_settled_is_not_left)
{
    struct block *paid = placed(eng_site(1)), *avoidable = placed(eng_site(2)), *always = placed(eng_site(3));
    struct block *registered = placed(eng_site(4)), *homeless = eng_block(eng_site(5), MIB);
    eng_copy(paid, MIB, 1000000);
    const uint64_t spent = paid->paid_ns;
    cr_assert_gt(spent, 0);
    expect_refused(paid, "it has paid for its copies");
    cr_expect_eq(paid->site->left_ns, spent, "and leaves that to its site");
    avoidable->avoidable = 1;
    expect_refused(avoidable, "its page faults are to be counted");
    always->site->promote.mode = PROMOTE_ALWAYS;
    expect_refused(always, "its site has a rule");
    block_app_add(registered);
    expect_refused(registered, "the program has registered it");
    expect_refused(homeless, "it has no place");
}

Test(engine_again, a_pinned_one_comes_first)
{
    struct site *site = eng_site(1);
    struct block *ready = placed(site), *rest = eng_pinned(site, MIB);
    cr_assert(engine_leave_block(ready));
    engine_free(rest);
    eng_expect_state(rest, BLOCK_QUARANTINED);
    cr_expect_not(engine_again(ready, site, MIB));
    cr_expect_eq(engine_recycle(site, MIB, rest->size_class), rest);
    cr_expect(engine_again(ready, site, MIB));
    eng_expect_sound(MIB);
}

/* One that was pinned and has been freed. */
static struct block *quarantined(struct site *site)
{
    struct block *block = eng_pinned(site, MIB);
    engine_free(block);
    eng_expect_state(block, BLOCK_QUARANTINED);
    return block;
}

Test(engine_again, a_pinned_one_is_served_where_it_was)
{
    struct site *site = eng_site(1);
    struct block *block = quarantined(site);
    for (uint64_t i = 1; i <= 3; i++) {
        cr_assert(engine_recycle_this(block, site, MIB - 5));
        eng_expect_state(block, BLOCK_PINNED);
        cr_expect_eq(block->bytes, MIB - 5);
        cr_expect_eq(site->recycled, i);
        cr_expect_eq(site_blocks_live(site), 1);
        cr_expect_not(engine_recycle_this(block, site, MIB), "given away twice");
        cr_expect(block->resting, "it stays in the list");
        engine_free(block);
        eng_expect_state(block, BLOCK_QUARANTINED);
        cr_expect_eq(site_blocks_live(site), 0);
    }
    cr_expect_eq(fake.pins, 1);
    eng_expect_sound(MIB);
}

Test(engine_again, one_in_use_is_not_given_away_and_is_found_when_it_is_free)
{
    struct site *site = eng_site(1);
    struct block *block = quarantined(site), *free_one = quarantined(site);
    cr_assert(engine_recycle_this(free_one, site, MIB)); /* the first in the list: it was freed last */
    cr_expect_eq(engine_recycle(site, MIB, block->size_class), block, "the one behind it");
    cr_expect_null(engine_recycle(site, MIB, block->size_class));
    cr_expect(!free_one->resting && !block->resting, "nobody is looked at again and again");
    engine_free(free_one);
    cr_expect(free_one->resting);
    cr_expect_eq(engine_recycle(site, MIB, block->size_class), free_one);
    engine_free(free_one);
    engine_free(block);
    eng_expect_sound(2 * MIB);
}

Test(engine_again, a_pinned_one_that_does_not_serve_stays_where_it_was)
{
    struct site *site = eng_site(1), *other = eng_site(2), *never = eng_site(3);
    struct block *block = quarantined(site);
    eng_copy(eng_block(other, MIB), MIB, 1000000); /* what it allocates is copied: it deserves pinned ones */
    never->promote.mode = PROMOTE_NEVER;
    cr_expect_not(engine_recycle_this(block, other, MIB), "of another site");
    cr_expect_not(engine_recycle_this(block, never, MIB));
    cr_expect_not(engine_recycle_this(block, site, MIB + 1), "too small");
    cr_expect_eq(site->recycled + other->recycled + never->recycled, 0);
    eng_expect_state(block, BLOCK_QUARANTINED);
    cr_expect_eq(engine_recycle(site, MIB, block->size_class), block);
    eng_expect_sound(MIB);
}

Test(engine_again, one_in_use_can_be_unpinned)
{
    struct site *site = eng_site(1);
    struct block *block = quarantined(site);
    cr_assert(engine_recycle_this(block, site, MIB));
    engine_demote(block);
    eng_expect_state(block, BLOCK_PLAIN);
    cr_expect(!block->resting);
    engine_free(block);
    eng_expect_state(block, BLOCK_GONE);
    cr_expect_not(engine_recycle_this(block, site, MIB));
    eng_expect_sound(0);
}
