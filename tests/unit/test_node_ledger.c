/* Tests of policy/node_ledger.c: what processes hold together does not exceed the cap, whatever stands in the table. */
#include "policy/ledger.h"
#include "tests/unit/fake_prim.h"
#include "tests/unit/node_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

TestSuite(node_ledger, .init = world_bring);

static void slot_set(unsigned number, uint64_t owner, uint64_t bytes)
{
    world->table.slot[number].owner = owner;
    world->table.slot[number].bytes = bytes;
}

Test(node_ledger, rule_32_no_cap_no_table)
{
    node_ledger_start(0);
    cr_expect_eq(node_ledger_reserve(UINT64_MAX), 0);
    node_ledger_release(UINT64_MAX);
    cr_expect_eq(world->table.slot[0].owner, 0);
}

Test(node_ledger, rule_32_together_to_the_last_byte)
{
    slot_set(3, ME + 1, 60);
    node_ledger_start(100);
    cr_expect_eq(node_ledger_reserve(41), -EDQUOT);
    cr_expect_eq(node_ledger_reserve(40), 0);
    cr_expect_eq(node_ledger_reserve(1), -EDQUOT);
    cr_expect_eq(node_ledger_bytes(), 100);
    world->table.slot[3].bytes = 50;
    cr_expect_eq(node_ledger_reserve(10), 0);
    node_ledger_release(50);
    cr_expect_eq(node_ledger_bytes(), 50);
    cr_expect_eq(world->table.slot[3].bytes, 50, "the slot of another");
    cr_expect_eq(node_ledger_peak_bytes(), 100);
}

Test(node_ledger, a_refusal_leaves_the_own_accounts_alone)
{
    slot_set(0, ME + 1, 60);
    node_ledger_start(100);
    ledger_start(1000, 10);
    cr_expect_eq(ledger_reserve(41, 1), -EDQUOT);
    cr_expect_eq(ledger_bytes() + ledger_regions() + ledger_peak_bytes(), 0);
    cr_expect_eq(ledger_reserve(40, 1), 0);
    cr_expect_eq(ledger_node_bytes(), 100);
    ledger_release(40, 1);
    cr_expect_eq(ledger_node_bytes(), 60);
    cr_expect_eq(ledger_node_peak_bytes(), 100);
}

Test(node_ledger, without_a_table_nothing_is_granted)
{
    close(world_fd);
    node_ledger_start(100);
    cr_expect_eq(node_ledger_reserve(1), -EDQUOT);
    node_ledger_release(1);
    cr_expect_eq(node_ledger_bytes(), 0);
    cr_expect_eq(node_ledger_peak_bytes(), 0);
}

Test(node_ledger, the_dead_make_room_once_it_is_wanted)
{
    slot_set(0, ME + 1, 60);
    slot_set(1, ME + 2, 30);
    node_ledger_start(100);
    world->lives[1] = 0;
    cr_expect_eq(node_ledger_reserve(10), 0);
    cr_expect_eq(asked, 0, "there is room, so nobody asks");
    cr_expect_eq(node_ledger_reserve(60), 0);
    cr_expect_eq(node_ledger_bytes(), 100);
    cr_expect_eq(world->table.slot[0].owner, 0);
    cr_expect_eq(world->table.slot[1].bytes, 30, "the slot of one that lives");
}

Test(node_ledger, the_dead_are_not_asked_for_all_the_time)
{
    slot_set(0, ME + 1, 60);
    node_ledger_start(100);
    for (int i = 0; i < 1000; i++)
        cr_expect_eq(node_ledger_reserve(50), -EDQUOT);
    cr_expect_eq(asked, 1);
    fake.now_ns += 1000000000;
    cr_expect_eq(node_ledger_reserve(50), -EDQUOT);
    cr_expect_eq(asked, 2);
}

Test(node_ledger, all_slots_taken)
{
    for (unsigned i = 0; i < NODE_SLOTS; i++)
        slot_set(i, ME + 1, 0);
    node_ledger_start(100);
    cr_expect_eq(node_ledger_reserve(1), -EDQUOT);
    world->lives[1] = 0;
    cr_expect_eq(node_ledger_reserve(1), 0);
    cr_expect_eq(node_ledger_bytes(), 1);
}

Test(node_ledger, after_an_exec_the_slot_is_the_same)
{
    slot_set(7, ME, 90);
    node_ledger_start(100);
    cr_expect_eq(node_ledger_reserve(10), 0);
    cr_expect_eq(node_ledger_bytes(), 10, "what was pinned before is not any more");
    cr_expect_eq(world->table.slot[7].bytes, 10);
}

Test(node_ledger, rule_28_a_child_begins_at_zero)
{
    node_ledger_start(100);
    cr_expect_eq(node_ledger_reserve(70), 0);
    node_ledger_forget();
    own_name = ME + 1;
    cr_expect_eq(node_ledger_reserve(31), -EDQUOT, "the parent still holds its own");
    cr_expect_eq(node_ledger_reserve(30), 0);
    cr_expect_eq(world->table.slot[1].bytes, 30, "a slot of its own");
    node_ledger_release(30);
    cr_expect_eq(world->table.slot[0].bytes, 70);
    cr_expect_eq(world->table.slot[1].bytes, 0);
}

Test(node_ledger, what_others_write_into_our_slot_is_mended)
{
    node_ledger_start(100);
    cr_expect_eq(node_ledger_reserve(10), 0);
    slot_set(0, ME, UINT64_MAX - 5);
    node_ledger_release(10);
    cr_expect_eq(node_ledger_bytes(), 0);
    cr_expect_eq(node_ledger_reserve(10), 0);
    slot_set(0, ME + 1, 3);
    cr_expect_eq(node_ledger_reserve(10), 0);
    cr_expect_eq(node_ledger_bytes(), 23, "another slot for the 20, and 3 in the one that was taken");
}

/* Thousands of tables: garbage of whole words, of small numbers, of names of the living and the dead. */
Test(node_ledger, hostile_tables, .timeout = 60)
{
    uint64_t state = 88172645463325252ull;
    node_ledger_start(100);
    for (int variant = 0; variant < 4000; variant++) {
        const uint64_t kind = draw(&state) % 4;
        const unsigned slots = 1 + (unsigned)(draw(&state) % NODE_SLOTS);
        memset(&world->table, kind == 3 ? 0xff : 0, sizeof world->table);
        for (unsigned i = 0; i < slots; i++)
            slot_set((unsigned)(draw(&state) % NODE_SLOTS),
                     kind == 0 ? draw(&state) : ME - 2 + draw(&state) % (PROCESSES + 4),
                     kind < 2 ? draw(&state) : draw(&state) % 3);
        fake.now_ns += 1000000000;
        uint64_t held = 0;
        for (int i = 0; i < 4; i++)
            if (node_ledger_reserve(30) == 0)
                held += 30;
        cr_assert_leq(held, 100, "variant %d", variant);
        if (held)
            node_ledger_release(held);
    }
    memset(&world->table, 0, sizeof world->table);
    cr_expect_eq(node_ledger_reserve(100), 0, "all is well when the table is");
}
