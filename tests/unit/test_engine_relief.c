/* Tests of policy/engine_relief.c: where memory runs short, what is least worth is unpinned. */
#include "policy/decide.h"
#include "tests/unit/engine_fixture.h"

enum {
    BLOCKS = 4
};
static struct block *blocks[BLOCKS];

/* Four blocks of 16 MiB, each worth more than the one before. */
static void begin(void)
{
    eng_start("[limits]\nmin_free = 100M\nmax_pressure = 10%\nmax_pinned = 64M\n[promotion]\nidle_timeout = 0\n");
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = eng_pinned(eng_site(1), 16 * MIB);
    for (int i = 0; i < BLOCKS; i++)
        eng_worth(blocks[i], (uint64_t)(i + 1) * SEC);
}

TestSuite(engine_relief, .init = begin);

static void a_second_later(void)
{
    fake.now_ns += SEC;
    engine_work();
}

Test(engine_relief, rule_32_the_least_worthy_go_until_min_free_is_there)
{
    fake.available_bytes = 100 * MIB - 20 * MIB;
    a_second_later();
    eng_expect_state(blocks[0], BLOCK_PLAIN);
    eng_expect_state(blocks[1], BLOCK_PLAIN);
    eng_expect_state(blocks[2], BLOCK_PINNED);
    eng_expect_state(blocks[3], BLOCK_PINNED);
    eng_expect_sound(32 * MIB);
    cr_expect_eq(ledger_cap_now_bytes(), 44 * MIB);
    cr_expect_eq(ledger_cap_least_bytes(), 44 * MIB);
    cr_expect_eq(ledger_cap_bytes(), 64 * MIB);
    cr_expect_eq(record.totals.lowered_min_free, 1);
    cr_expect_eq(record.totals.lowered_pressure, 0);
    cr_expect_eq(record.totals.given_back_bytes, 32 * MIB);
}

Test(engine_relief, rule_32_so_do_they_while_tasks_wait)
{
    fake.some = 1000;
    a_second_later();
    eng_expect_state(blocks[0], BLOCK_PLAIN);
    eng_expect_state(blocks[1], BLOCK_PINNED);
    eng_expect_sound(48 * MIB);
    cr_expect_eq(record.totals.lowered_min_free, 0);
    cr_expect_eq(record.totals.lowered_pressure, 1);
}

/* Their memory is free then; that of others is only less firmly held. */
Test(engine_relief, what_nobody_holds_goes_first)
{
    engine_free(blocks[3]);
    eng_expect_state(blocks[3], BLOCK_QUARANTINED);
    fake.available_bytes = 90 * MIB;
    a_second_later();
    eng_expect_state(blocks[3], BLOCK_GONE);
    eng_expect_state(blocks[0], BLOCK_PINNED);
    eng_expect_sound(48 * MIB);
}

static uint64_t asked, times;

/* As if there were slots for staged copies under the same cap. */
static void take_slots(uint64_t bytes)
{
    asked = bytes;
    times++;
    if (bytes)
        ledger_release(16 * MIB, 1);
}

Test(engine_relief, then_slots_and_then_what_the_program_holds)
{
    engine_free(blocks[3]);
    engine_demote(blocks[0]);
    cr_assert_eq(ledger_reserve(16 * MIB, 1), 0);
    fake.on_trim = take_slots;
    fake.available_bytes = 100 * MIB - 24 * MIB;
    a_second_later();
    cr_expect_eq(times, 1);
    cr_expect_eq(asked, 8 * MIB, "asked for %llu", (unsigned long long)asked);
    eng_expect_state(blocks[3], BLOCK_GONE);
    eng_expect_state(blocks[1], BLOCK_PINNED);
    eng_expect_state(blocks[2], BLOCK_PINNED);
    cr_expect_eq(record.totals.given_back_bytes, 32 * MIB);
    eng_expect_sound(32 * MIB);
}

Test(engine_relief, rule_23_what_is_in_flight_goes_later)
{
    engine_copy_begin(blocks[0]);
    fake.available_bytes = 90 * MIB;
    a_second_later();
    eng_expect_state(blocks[0], BLOCK_PINNED);
    eng_expect_state(blocks[1], BLOCK_PLAIN);
    for (int i = 1; i < BLOCKS; i++)
        engine_copy_begin(blocks[i]);
    a_second_later();
    eng_expect_sound(48 * MIB);
    fake.available_bytes = UINT64_MAX;
    for (int i = 0; i < BLOCKS; i++)
        engine_copy_end(blocks[i]);
    a_second_later();
    eng_expect_state(blocks[0], BLOCK_PLAIN);
    eng_expect_state(blocks[3], BLOCK_PINNED);
    cr_expect_leq(ledger_bytes(), ledger_cap_now_bytes());
}

Test(engine_relief, it_looks_once_a_second_while_something_is_pinned)
{
    fake.now_ns += 10 * SEC;
    const unsigned before = fake.looks;
    for (int i = 0; i < 1000; i++) {
        cr_assert_leq(engine_work(), SEC);
        fake.now_ns += 10 * MS;
    }
    cr_expect_geq(fake.looks - before, 9);
    cr_expect_leq(fake.looks - before, 10, "%u looks in ten seconds", fake.looks - before);
}

Test(engine_relief, it_never_looks_while_nothing_is)
{
    for (int i = 0; i < BLOCKS; i++)
        engine_demote(blocks[i]);
    const unsigned before = fake.looks;
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(engine_work(), UINT64_MAX);
        fake.now_ns += SEC;
    }
    cr_expect_eq(fake.looks, before);
}

Test(engine_relief, nor_where_the_user_cares_for_neither)
{
    eng_start("[limits]\nmin_free = 0\nmax_pressure = off\n");
    eng_pinned(eng_site(1), MIB);
    fake.available_bytes = 0;
    fake.some = fake.full = 10000;
    a_second_later();
    cr_expect_eq(fake.looks, 0);
    cr_expect_gt(ledger_bytes(), 0);
}

/* Under the lowered cap as under the user's: what is worth more takes the place of what is worth less. */
Test(engine_relief, rule_32_pins_keep_to_the_lowered_cap)
{
    fake.available_bytes = 90 * MIB;
    a_second_later();
    fake.available_bytes = UINT64_MAX;
    cr_assert_eq(ledger_bytes(), 48 * MIB);
    struct block *cold = eng_block(eng_site(2), 16 * MIB), *hot = eng_block(eng_site(3), 16 * MIB);
    eng_promote(cold);
    eng_expect_state(cold, BLOCK_PLAIN);
    cr_expect_eq(cold->site->refused[REASON_MEMORY_LOW], 1);
    cr_expect_eq(cold->site->refused[REASON_CAP], 0);
    eng_worth(hot, 10 * SEC);
    eng_pin(hot);
    eng_expect_state(blocks[1], BLOCK_PLAIN);
    eng_expect_sound(48 * MIB);
}

Test(engine_relief, it_is_as_before_once_memory_is_there_again)
{
    fake.available_bytes = 90 * MIB;
    a_second_later();
    fake.available_bytes = UINT64_MAX;
    for (int i = 0; i < 60; i++)
        a_second_later();
    cr_expect_eq(ledger_cap_now_bytes(), 64 * MIB);
    cr_expect_eq(ledger_cap_least_bytes(), 54 * MIB);
    eng_pin(blocks[0]);
    eng_expect_sound(64 * MIB);
}

/* Nothing is pinned any more, so nobody looks: until somebody wants to pin. */
Test(engine_relief, a_cap_of_zero_does_not_stay)
{
    fake.available_bytes = 0;
    a_second_later();
    cr_expect_eq(ledger_cap_now_bytes(), 0);
    eng_expect_sound(0);
    fake.available_bytes = UINT64_MAX;
    cr_expect_eq(engine_work(), UINT64_MAX);
    fake.now_ns += 3600 * SEC;
    eng_pin(blocks[3]);
    cr_expect_eq(ledger_cap_now_bytes(), 64 * MIB);
}

Test(engine_relief, rule_28_a_child_begins_with_the_whole_cap)
{
    fake.available_bytes = 0;
    a_second_later();
    engine_fork_take();
    witness.process++;
    witness.locked = 0;
    engine_fork_child();
    cr_expect_eq(ledger_cap_now_bytes(), 64 * MIB);
    cr_expect_eq(ledger_cap_least_bytes(), 64 * MIB);
    cr_expect_eq(record.totals.lowered_min_free, 0);
}
