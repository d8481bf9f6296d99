/* Tests of policy/node_ledger.c with real processes: the cap holds while they race for it and while they are killed. */
#include "tests/unit/fake_prim.h"
#include "tests/unit/node_fixture.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CAP = 64,
    KILLS = 40
};

TestSuite(node_processes, .init = world_bring);

static uint64_t held_by_all(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < PROCESSES; i++)
        sum += world->held[i];
    return sum;
}

/* What all hold, if nothing was given back meanwhile: else some of it may have been counted twice. */
static void look(void)
{
    const uint64_t given_back = world->given_back, sum = held_by_all();
    if (world->given_back != given_back)
        return;
    world->over += sum > CAP;
    if (sum > world->most)
        world->most = sum;
}

/* Before the room can be anybody else's. */
static void give_back(int me, uint64_t bytes)
{
    world->held[me] -= bytes;
    world->given_back++;
}

/* Raised after a reservation and lowered before the release, so never above what was granted. */
static void reserve_and_release(int me, uint64_t rounds)
{
    uint64_t state = 88172645463325252ull * (unsigned)(me + 1), mine = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        const uint64_t bytes = 1 + draw(&state) % 24;
        if (mine && draw(&state) % 3 == 0) {
            give_back(me, mine);
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
        look();
    }
    give_back(me, mine);
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
        own_name = world->lives[1 + me];
        reserve_and_release(me, rounds);
        _exit(0);
    }
    return child;
}

static void end(int me, pid_t child)
{
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    give_back(me, world->held[me]); /* until now it may still have held it */
    world->lives[1 + me] = 0;
}

Test(node_processes, rule_32_cap_under_8_processes, .timeout = 60)
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
Test(node_processes, rule_32_processes_that_are_killed, .timeout = 60)
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
