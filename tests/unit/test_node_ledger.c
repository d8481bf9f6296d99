/* Tests of policy/node_ledger.c: what processes hold together never exceeds the cap, whatever dies, and whatever stands
 * in the table. */
#define _GNU_SOURCE
#include "policy/ledger.h"
#include "policy/node_ledger.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ME = 1000, /* the process of the test; others of its making are ME + 1 and so on */
    PROCESSES = 8,
    CAP = 64,
    KILLS = 40
};

/* In memory that processes share; each of them maps the table for itself. */
struct world {
    struct node_table table;
    _Atomic uint64_t lives[1 + PROCESSES]; /* the names of processes that live */
    _Atomic uint64_t held[PROCESSES], over, refused, granted, most;
};
static struct world *world;
static int world_fd = -1;
static uint64_t name = ME;
static unsigned asked;

void *prim_node_map(size_t bytes)
{
    cr_expect_eq(bytes, sizeof world->table);
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, world_fd, 0);
    return mem == MAP_FAILED ? NULL : mem;
}

uint64_t prim_process(void)
{
    return name;
}

int prim_process_lives(uint64_t process)
{
    asked++;
    for (int i = 0; i <= PROCESSES; i++)
        if (world->lives[i] == process)
            return 1;
    return 0;
}

static void bring_world(void)
{
    fake_reset();
    world_fd = memfd_create("world", MFD_CLOEXEC);
    cr_assert_eq(ftruncate(world_fd, sizeof *world), 0);
    world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED, world_fd, 0);
    cr_assert_neq(world, MAP_FAILED);
    for (unsigned i = 0; i <= PROCESSES; i++)
        world->lives[i] = ME + i;
}

TestSuite(node_ledger, .init = bring_world);

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
}

Test(node_ledger, without_a_table_nothing_is_granted)
{
    close(world_fd);
    node_ledger_start(100);
    cr_expect_eq(node_ledger_reserve(1), -EDQUOT);
    node_ledger_release(1);
    cr_expect_eq(node_ledger_bytes(), 0);
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
    name = ME + 1;
    cr_expect_eq(node_ledger_reserve(31), -EDQUOT, "the parent still holds its own");
    cr_expect_eq(node_ledger_reserve(30), 0);
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

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
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

/* --- processes ------------------------------------------------------------------------------------------------------
 */

static uint64_t held_by_all(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < PROCESSES; i++)
        sum += world->held[i];
    return sum;
}

/* Raised after a reservation and lowered before the release, so never above what was granted. */
static void reserve_and_release(int me, uint64_t rounds)
{
    uint64_t state = 88172645463325252ull * (unsigned)(me + 1), mine = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        const uint64_t bytes = 1 + draw(&state) % 24;
        if (mine && draw(&state) % 3 == 0) {
            world->held[me] -= mine;
            node_ledger_release(mine);
            mine = 0;
        }
        if (node_ledger_reserve(bytes)) {
            world->refused++;
            continue;
        }
        mine += bytes;
        world->granted++;
        world->held[me] += bytes;
        const uint64_t sum = held_by_all();
        world->over += sum > CAP;
        if (sum > world->most)
            world->most = sum;
    }
    world->held[me] -= mine;
    node_ledger_release(mine);
}

/* Each has a name that no other has had. */
static pid_t begin(int me, uint64_t rounds)
{
    static uint64_t fresh = ME + 1;
    world->lives[1 + me] = fresh++;
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        node_ledger_forget();
        name = world->lives[1 + me];
        reserve_and_release(me, rounds);
        _exit(0);
    }
    return child;
}

static void end(int me, pid_t child)
{
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    world->held[me] = 0; /* until now it may still have held it */
    world->lives[1 + me] = 0;
}

Test(node_ledger, rule_32_cap_under_8_processes, .timeout = 60)
{
    int status;
    node_ledger_start(CAP);
    for (int i = 0; i < PROCESSES; i++)
        cr_assert_gt(begin(i, 4000), 0);
    while (wait(&status) > 0)
        cr_expect_eq(status, 0);
    cr_expect_eq(world->over, 0, "the cap was exceeded %llu times", (unsigned long long)world->over);
    cr_expect_gt(world->granted, 1000);
    cr_expect_gt(world->refused, 100);
    cr_expect_gt(world->most, CAP / 2);
    cr_expect_eq(node_ledger_reserve(CAP), 0, "nothing is left");
}

/* Killed in the middle of it, one after another, and begun anew: what they held comes back, and never too early. */
Test(node_ledger, rule_32_processes_that_are_killed, .timeout = 60)
{
    pid_t child[PROCESSES];
    uint64_t state = 88172645463325252ull;
    node_ledger_start(CAP);
    fake.step_ns = 50000000;
    for (int i = 0; i < PROCESSES; i++)
        child[i] = begin(i, UINT64_MAX);
    for (int i = 0; i < KILLS; i++) {
        const int who = (int)(draw(&state) % PROCESSES);
        const uint64_t granted = world->granted;
        while (world->granted < granted + 20)
            sched_yield();
        end(who, child[who]);
        child[who] = begin(who, UINT64_MAX);
    }
    for (int i = 0; i < PROCESSES; i++)
        end(i, child[i]);
    cr_expect_eq(world->over, 0, "the cap was exceeded %llu times", (unsigned long long)world->over);
    cr_expect_eq(node_ledger_reserve(CAP), 0, "all of it is there again");
}
