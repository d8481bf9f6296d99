/* Tests of policy/engine.c and engine_lists.c: births, deaths, recycling and copies. */
#include "policy/cost.h"
#include "policy/tally.h"
#include "tests/unit/engine_fixture.h"

#include <errno.h>
#include <string.h>

TestSuite(engine, .init = eng_init);

/* --- births and deaths ----------------------------------------------------------------------------------------------
 */

Test(engine, accounts_of_a_block)
{
    struct site *site = eng_site(1);
    struct block *small = eng_block(site, MIB), *large = eng_block(site, 3 * MIB);
    cr_expect_eq(site_blocks(site), 2);
    cr_expect_eq(site_blocks_live(site), 2);
    cr_expect_eq(site_bytes_live(site), 4 * MIB);
    cr_expect_eq(site->bytes_min, MIB);
    cr_expect_eq(site->bytes_max, 3 * MIB);
    cr_expect_eq(site_bytes(site), 4 * MIB);
    engine_free(large);
    cr_expect_eq(site_blocks_live(site), 1);
    cr_expect_eq(site_bytes_live(site), MIB);
    cr_expect_eq(site_bytes_live_peak(site), 4 * MIB);
    engine_resized(small, 2 * MIB);
    cr_expect_eq(site_bytes_live(site), 2 * MIB);
    cr_expect_eq(small->bytes, 2 * MIB);
}

Test(engine, a_block_never_pinned_is_released_at_once)
{
    struct block *block = eng_block(eng_site(1), MIB);
    engine_free(block);
    cr_expect_eq(fake.releases, 1);
    eng_expect_state(block, BLOCK_GONE);
    eng_expect_sound(0);
}

Test(engine, rule_22_free_of_a_pinned_block_calls_nobody)
{
    struct block *block = eng_pinned(eng_site(1), MIB);
    engine_free(block);
    eng_expect_state(block, BLOCK_QUARANTINED);
    cr_expect_eq(fake.unpins + fake.releases + fake.waits, 0);
    eng_expect_sound(MIB);
    engine_free(block); /* the program's error: once is enough */
    eng_expect_state(block, BLOCK_QUARANTINED);
}

static void free_it(struct block *block)
{
    engine_free(block);
    cr_expect_eq(fake.releases, 0, "released while work on it was under way");
}

static int free_while_pinning(struct block *block)
{
    free_it(block);
    return eng_lock(block);
}

static int fail_after_free(struct block *block)
{
    free_it(block);
    return -EIO;
}

static int free_while_unpinning(struct block *block)
{
    free_it(block);
    return eng_unlock(block);
}

Test(engine, rule_20_free_while_pinning)
{
    struct site *site = eng_site(1);
    struct block *block = eng_block(site, MIB);
    fake.on_pin = free_while_pinning;
    eng_promote(block);
    eng_expect_state(block, BLOCK_QUARANTINED);
    eng_expect_sound(MIB);
    cr_expect_eq(engine_recycle(site, MIB, block->size_class), block);
}

Test(engine, rule_20_free_while_a_pin_fails)
{
    struct block *block = eng_block(eng_site(1), MIB);
    fake.on_pin = fail_after_free;
    eng_promote(block);
    eng_expect_state(block, BLOCK_GONE);
    cr_expect_eq(fake.releases, 1);
    eng_expect_sound(0);
}

Test(engine, rule_20_free_while_unpinning)
{
    struct block *block = eng_pinned(eng_site(1), MIB);
    fake.on_unpin = free_while_unpinning;
    engine_demote(block);
    eng_expect_state(block, BLOCK_GONE);
    cr_expect_eq(fake.releases, 1);
    eng_expect_sound(0);
}

Test(engine, rule_23_free_while_copying)
{
    struct block *plain = eng_block(eng_site(1), MIB), *queued = eng_block(eng_site(1), MIB);
    engine_copy_begin(plain);
    engine_free(plain);
    cr_expect_eq(fake.releases, 0);
    engine_copy_end(plain);
    cr_expect_eq(fake.releases, 1);
    engine_copy_begin(queued);
    engine_promote(queued, REASON_ALWAYS, NULL, 0);
    engine_free(queued);
    engine_work();
    eng_expect_state(queued, BLOCK_QUARANTINED);
    cr_expect_null(engine_recycle(queued->site, MIB, queued->size_class), "recycled while a copy was under way");
    engine_copy_end(queued);
    cr_expect_eq(engine_recycle(queued->site, MIB, queued->size_class), queued);
    eng_expect_sound(MIB);
}

/* --- recycling ------------------------------------------------------------------------------------------------------
 */

Test(engine, recycled_to_its_class)
{
    struct site *site = eng_site(1), *other = eng_site(2), *cold = eng_site(3);
    struct block *block = eng_pinned(site, 4 * MIB), *kept = eng_pinned(other, 64 * MIB);
    cr_expect_null(engine_recycle(site, 4 * MIB, block->size_class), "it is in use");
    engine_free(block);
    cr_expect_null(engine_recycle(site, 4 * MIB, block->size_class + 1));
    cr_expect_null(engine_recycle(site, 4 * MIB, ENGINE_CLASSES));
    cr_expect_null(engine_recycle(site, 4 * MIB + 1, block->size_class), "too small");
    engine_free(eng_block(cold, MIB));
    cr_expect_null(engine_recycle(cold, 4 * MIB, block->size_class), "what its site allocates is not copied");
    cr_expect_eq(engine_recycle(other, 4 * MIB - 5, block->size_class), block);
    cr_expect_null(engine_recycle(other, 4 * MIB, block->size_class), "given away twice");
    eng_expect_state(block, BLOCK_PINNED);
    cr_expect_eq(block->site, other);
    cr_expect_eq(block->bytes, 4 * MIB - 5);
    cr_expect_eq(block->copies, 0);
    cr_expect_eq(other->recycled, 1);
    cr_expect_eq(site_blocks_live(other), 2);
    cr_expect_eq(other->pinned_bytes, 68 * MIB);
    cr_expect_eq(site->pinned_bytes, 0);
    cr_expect_eq(site_blocks_live(site), 0);
    cr_expect_eq(record.totals.faults_avoided, 4 * MIB / 4096);
    engine_free(kept);
    eng_expect_sound(68 * MIB);
}

Test(engine, rule_32_recycling_keeps_the_cap_of_a_site)
{
    eng_start("[site small]\nmodule = mod2\nmax_pinned = 5M\n");
    struct site *site = eng_site(1), *small = eng_site(2);
    struct block *block = eng_pinned(site, 4 * MIB), *own = eng_pinned(small, 4 * MIB);
    engine_free(block);
    cr_expect_null(engine_recycle(small, 4 * MIB, block->size_class));
    cr_expect_eq(small->pinned_bytes, 4 * MIB);
    engine_free(own);
    cr_expect_eq(engine_recycle(small, 4 * MIB, own->size_class), own, "its own block is within its cap");
    cr_expect_eq(small->pinned_bytes, 4 * MIB);
    cr_expect_eq(engine_recycle(site, 4 * MIB, block->size_class), block);
}

/* --- copies ---------------------------------------------------------------------------------------------------------
 */

Test(engine, copies_are_counted_by_way)
{
    struct site *site = eng_site(1);
    struct block *block = eng_block(site, 16 * MIB);
    const uint64_t excess = cost_excess_ns(DIR_H2D, WAY_PLAIN, MIB);
    eng_copy(block, MIB, 0);
    cr_expect_eq(site->count[DIR_H2D][WAY_PLAIN].copies, 1);
    cr_expect_eq(site->lost_ns, excess);
    cr_expect_eq(site->paid_ns, excess);
    eng_pin(block);
    eng_copy(block, MIB, 0);
    cr_expect_eq(site->count[DIR_H2D][WAY_DIRECT].copies, 1);
    cr_expect_eq(site->count[DIR_H2D][WAY_DIRECT].bytes, MIB);
    cr_expect_eq(site->saved_ns, excess);
    cr_expect_eq(site->lost_ns, excess, "a direct copy loses nothing");
    engine_copied(block, DIR_D2H, WAY_SNAPSHOT, 100, 10);
    cr_expect_eq(record.totals.count[DIR_D2H][WAY_SNAPSHOT].ns, 10);
    cr_expect_eq(record.totals.count[DIR_H2D][WAY_PLAIN].copies, 1);
    cr_expect_eq(block->copies, 3);
}

Test(engine, direct_means_pinned_by_the_driver)
{
    struct block block = {.pin_backend = BACKEND_CUDA};
    for (uint32_t state = BLOCK_GONE; state <= BLOCK_KEPT; state++)
        cr_expect_eq(engine_is_direct(&block, state), state == BLOCK_PINNED || state == BLOCK_KEPT, "state %u", state);
    block.pin_backend = BACKEND_MLOCK;
    cr_expect_not(engine_is_direct(&block, BLOCK_PINNED), "mlock gives a GPU no way to the pages (rule 29)");
}

Test(engine, paid_spends_what_the_pin_costs)
{
    struct site *site = eng_site(1);
    struct block *block = eng_block(site, 16 * MIB);
    for (int i = 0; i < 100 && block_state(block) == BLOCK_PLAIN; i++)
        eng_copy(block, 16 * MIB, 0);
    cr_expect_eq(fake.kicks, 1);
    cr_expect_eq(site->why, REASON_PAID);
    const uint64_t paid = site->paid_ns;
    engine_work();
    eng_expect_state(block, BLOCK_PINNED);
    cr_expect_lt(site->paid_ns, paid);
    cr_expect_eq(site->pins, 1);
}

Test(engine, promotion_is_in_the_background_unless_asked_for)
{
    eng_start("[site now]\nmodule = mod2\npin_wait = yes\n");
    struct block *later = eng_block(eng_site(1), MIB), *now = eng_block(eng_site(2), MIB);
    engine_promote(later, REASON_ALWAYS, NULL, 0);
    eng_expect_state(later, BLOCK_PINNING);
    cr_expect_eq(fake.kicks, 1);
    engine_promote(later, REASON_ALWAYS, NULL, 0);
    engine_promote(now, REASON_ALWAYS, NULL, 0);
    eng_expect_state(now, BLOCK_PINNED);
    cr_expect_eq(fake.kicks, 2, "the same block was queued twice");
    engine_work();
    eng_expect_state(later, BLOCK_PINNED);
    eng_expect_sound(2 * MIB);
}

Test(engine, rule_33_whole_pages_and_no_more)
{
    struct site *site = eng_site(1);
    eng_pinned(site, MIB + 1);
    eng_expect_sound(MIB + 4096);
    cr_expect_eq(site->pinned_bytes, MIB + 4096);
}

/* A site that keeps all its blocks, and copies none, is not served with those of one that copies them again and again.
 */
Test(engine, kept_blocks_without_copies_take_no_pins)
{
    struct site *hot = eng_site(1), *cold = eng_site(2);
    for (int i = 0; i < 200; i++) {
        struct block *block = engine_recycle(hot, MIB, site_size_log2(MIB));
        if (!block)
            block = eng_block(hot, MIB);
        for (int copy = 0; copy < 4; copy++) {
            eng_copy(block, MIB, block_state(block) == BLOCK_PINNED ? 20000 : 120000);
            engine_work();
        }
        engine_free(block);
        if (!engine_recycle(cold, MIB, site_size_log2(MIB)))
            eng_block(cold, MIB);
    }
    cr_expect_leq(hot->pins, 8, "%llu pins", (unsigned long long)hot->pins);
    cr_expect_leq(cold->recycled, 8, "%llu blocks", (unsigned long long)cold->recycled);
}
