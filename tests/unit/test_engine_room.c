/* Tests of policy/engine_room.c: slots for staged copies, which lie under the same caps, give way to a block. */
#include "policy/pace.h"
#include "tests/unit/engine_fixture.h"

static uint64_t asked, times, free_slots;

/* As many as asked for, and as nothing uses. */
static void shed(uint64_t bytes)
{
    asked = bytes;
    times++;
    for (uint64_t gone = 0; gone < bytes && free_slots; gone += PACE_CHUNK_MOST, free_slots--) {
        ledger_release(PACE_CHUNK_MOST, 1);
        level_sub(&record.totals.staging_bytes, PACE_CHUNK_MOST);
    }
}

static void begin(const char *conf, unsigned slots, unsigned in_use)
{
    eng_start(conf);
    fake.on_shed_slots = shed;
    free_slots = slots - in_use;
    for (unsigned i = 0; i < slots; i++) {
        cr_assert_eq(ledger_reserve(PACE_CHUNK_MOST, 1), 0);
        level_add(&record.totals.staging_bytes, &record.totals.staging_bytes_peak, PACE_CHUNK_MOST);
    }
}

static struct block *worth(struct block *block, uint64_t ns)
{
    eng_worth(block, ns);
    return block;
}

Test(engine_room, slots_give_way_to_a_block)
{
    begin("[limits]\nmax_pinned = 5M\n", 2, 0);
    eng_pin(worth(eng_block(eng_site(1), 3 * MIB), SEC));
    cr_expect_eq(asked, 2 * MIB, "asked for %llu", (unsigned long long)asked);
    cr_expect_eq(free_slots, 1);
    cr_expect_eq(ledger_bytes(), 5 * MIB);
    cr_expect_eq(witness.locked, 3 * MIB);
}

Test(engine_room, and_to_its_regions)
{
    begin("[limits]\nmax_regions = 3\n", 3, 0);
    eng_pin(worth(eng_block(eng_site(1), MIB), SEC));
    cr_expect_eq(free_slots, 2);
    cr_expect_eq(ledger_regions(), 3);
}

Test(engine_room, blocks_that_are_worth_less_go_first)
{
    begin("[limits]\nmax_pinned = 4M\n", 1, 0);
    struct block *cheap = worth(eng_pinned(eng_site(1), 2 * MIB), MS);
    eng_pin(worth(eng_block(eng_site(2), 2 * MIB), SEC));
    eng_expect_state(cheap, BLOCK_PLAIN);
    cr_expect_eq(times, 0);
    eng_pin(worth(eng_block(eng_site(3), 4 * MIB), 9 * SEC));
    cr_expect_eq(asked, 2 * MIB, "what evicting leaves wanting, not %llu", (unsigned long long)asked);
    eng_expect_sound(4 * MIB);
}

Test(engine_room, none_gives_way_in_vain)
{
    begin("[limits]\nmax_pinned = 4M\n", 1, 0);
    struct block *dear = worth(eng_pinned(eng_site(1), 2 * MIB), 100 * SEC), *block = eng_block(eng_site(2), 3 * MIB);
    eng_promote(worth(block, MS));
    eng_expect_state(block, BLOCK_PLAIN);
    eng_expect_state(dear, BLOCK_PINNED);
    cr_expect_eq(times, 0);
    cr_expect_eq(block->site->why, REASON_CAP);
}

/* It asks once, and again when its copies have cost more. */
Test(engine_room, those_in_use_stay)
{
    begin("[limits]\nmax_pinned = 4M\n", 2, 2);
    struct block *block = worth(eng_block(eng_site(1), 4 * MIB), SEC);
    eng_promote(block);
    eng_expect_state(block, BLOCK_PLAIN);
    cr_expect_eq(times, 1);
    cr_expect_eq(ledger_bytes(), 4 * MIB);
    free_slots = 2;
    fake.now_ns += SEC;
    eng_pin(block);
    eng_expect_sound(4 * MIB);
}
