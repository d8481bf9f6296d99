/* Tests of policy/engine_pin.c: the cap, eviction, failures and their back-off. */
#include "policy/decide.h"
#include "tests/unit/engine_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

TestSuite(engine_pin, .init = eng_init);

static const char cap_4m[] = "[limits]\nmax_pinned = 4M\n";

/* --- the cap --------------------------------------------------------------------------------------------------------
 */

static int lock_at_the_cap(struct block *block)
{
    const int rc = eng_lock(block);
    cr_expect_leq(witness.locked, ledger_cap_bytes(), "%llu bytes", (unsigned long long)witness.locked);
    cr_expect_leq(witness.locked, ledger_bytes(), "pinned before it was reserved");
    return rc;
}

Test(engine_pin, rule_32_cap_is_never_exceeded)
{
    eng_start(cap_4m);
    fake.on_pin = lock_at_the_cap;
    for (unsigned i = 0; i < 20; i++) {
        struct block *block = eng_block(eng_site(1), MIB + 5);
        eng_worth(block, 1000 * i * MS);
        eng_promote(block);
    }
    cr_expect_gt(fake.unpins, 0);
    eng_expect_sound(3 * (MIB + 4096));
}

Test(engine_pin, rule_32_larger_than_the_cap)
{
    eng_start(cap_4m);
    struct block *small = eng_pinned(eng_site(1), MIB), *large = eng_block(eng_site(2), 4 * MIB + 1);
    eng_worth(large, SEC);
    eng_promote(large);
    eng_expect_state(large, BLOCK_PLAIN);
    cr_expect_eq(large->site->refused[REASON_CAP], 1);
    eng_expect_state(small, BLOCK_PINNED);
    eng_expect_sound(MIB);
}

Test(engine_pin, rule_32_cap_zero)
{
    eng_start("[limits]\nmax_pinned = 0\n");
    struct block *block = eng_block(eng_site(1), MIB);
    eng_promote(block);
    cr_expect_eq(fake.pins, 0);
    cr_expect_eq(block->site->why, REASON_CAP);
}

Test(engine_pin, rule_32_regions)
{
    eng_start("[limits]\nmax_regions = 3\n");
    struct block *large = eng_pinned(eng_site(1), PIN_PIECE_BYTES + 1), *block = eng_pinned(eng_site(2), MIB);
    cr_expect_eq(ledger_regions(), 3, "a block of two pieces counts twice (rule 21)");
    eng_worth(large, 1000000 * SEC);
    eng_worth(block, 100 * SEC);
    struct block *cheap = eng_block(eng_site(3), MIB), *dear = eng_block(eng_site(3), MIB);
    eng_promote(cheap);
    cr_expect_eq(cheap->site->why, REASON_REGIONS);
    eng_worth(dear, 200 * SEC);
    eng_pin(dear);
    eng_expect_state(block, BLOCK_PLAIN);
    cr_expect_eq(ledger_regions(), 3);
}

static int pin_another_meanwhile(struct block *block)
{
    fake.on_pin = eng_lock;
    eng_promote(eng_block(block->site, 2 * MIB));
    return eng_lock(block);
}

Test(engine_pin, rule_32_cap_of_a_site)
{
    eng_start("[site small]\nmodule = mod1\nmax_pinned = 3M\npin_wait = yes\n");
    struct site *site = eng_site(1);
    fake.on_pin = pin_another_meanwhile; /* as a second thread would */
    eng_promote(eng_block(site, 2 * MIB));
    cr_expect_eq(site->refused[REASON_SITE_CAP], 1);
    cr_expect_eq(site->pinned_bytes, 2 * MIB);
    cr_expect_eq(site->pinned_bytes_peak, 2 * MIB);
    eng_pin(eng_block(eng_site(2), 8 * MIB));
    eng_expect_sound(10 * MIB);
}

Test(engine_pin, rule_32_bows_to_memory)
{
    eng_start("[limits]\nmin_free = 1G\n");
    struct block *block = eng_block(eng_site(1), MIB);
    fake.available_bytes = 1024 * MIB - 1;
    eng_promote(block);
    cr_expect_eq(block->site->refused[REASON_MEMORY_LOW], 1);
    cr_expect_eq(fake.pins, 0);
    fake.available_bytes = 2048 * MIB;
    eng_pin(block);
    eng_expect_sound(MIB);
}

/* Interpreters allocate everything from one site: its blocks compete with each other. */
Test(engine_pin, blocks_of_one_site_evict_each_other)
{
    eng_start(cap_4m);
    struct site *site = eng_site(1);
    struct block *cold = eng_pinned(site, 4 * MIB), *hot = eng_block(site, 4 * MIB);
    eng_worth(hot, 1000 * MS);
    eng_promote(hot);
    eng_expect_state(hot, BLOCK_PINNED);
    eng_expect_state(cold, BLOCK_PLAIN);
    cr_expect_eq(site->refused[REASON_SITE_CAP], 0, "it has no cap of its own");
}

/* --- eviction -------------------------------------------------------------------------------------------------------
 */

static struct block *pinned_worth(unsigned site, size_t bytes, uint64_t worth)
{
    struct block *block = eng_pinned(eng_site(site), bytes);
    eng_worth(block, worth);
    return block;
}

Test(engine_pin, evicts_the_least_worth_per_byte)
{
    eng_start(cap_4m);
    struct block *a = pinned_worth(1, MIB, 300 * MS), *b = pinned_worth(2, 2 * MIB, 400 * MS),
                 *c = pinned_worth(3, MIB, 201 * MS);
    struct block *block = eng_block(eng_site(4), MIB);
    eng_worth(block, 250 * MS);
    eng_pin(block);
    eng_expect_state(a, BLOCK_PINNED);
    eng_expect_state(b, BLOCK_PLAIN);
    eng_expect_state(c, BLOCK_PINNED);
    cr_expect_eq(b->site->evictions, 1);
    cr_expect_eq(b->site->unpins, 1);
    cr_expect_eq(b->site->pinned_bytes, 0);
    cr_expect_eq(a->site->evictions + c->site->evictions, 0);
    eng_expect_sound(3 * MIB);
}

Test(engine_pin, never_evicts_what_is_worth_as_much)
{
    eng_start(cap_4m);
    struct block *old = pinned_worth(1, 4 * MIB, 4000 * MS), *block = eng_block(eng_site(2), MIB);
    eng_worth(block, 1000 * MS);
    eng_promote(block);
    eng_expect_state(block, BLOCK_PLAIN);
    cr_expect_eq(block->site->why, REASON_CAP);
    cr_expect_eq(block->site->pinned_bytes_peak, 0, "counted as pinned, although it never was");
    cr_expect_eq(fake.pins, 1);
    eng_worth(block, 1001 * MS);
    fake.now_ns += SEC; /* past the back-off */
    eng_pin(block);
    eng_expect_state(old, BLOCK_PLAIN);
}

Test(engine_pin, priority_goes_first)
{
    eng_start("[limits]\nmax_pinned = 2M\n[site first]\nmodule = mod1\npriority = 2\n"
              "[site second]\nmodule = mod2\npriority = 1\n");
    struct block *first = pinned_worth(1, MIB, 0), *second = pinned_worth(2, MIB, 0);
    struct block *third = eng_block(eng_site(3), MIB), *again = eng_block(eng_site(1), MIB);
    eng_worth(third, SEC);
    eng_promote(third);
    eng_expect_state(third, BLOCK_PLAIN);
    eng_worth(second, SEC);
    eng_worth(again, 1 * MS);
    eng_pin(again);
    eng_expect_state(first, BLOCK_PINNED);
    eng_expect_state(second, BLOCK_PLAIN);
}

Test(engine_pin, nothing_is_evicted_in_vain)
{
    eng_start(cap_4m);
    struct block *cheap = pinned_worth(1, MIB, 1 * MS), *dear = pinned_worth(2, 3 * MIB, 1000000 * MS);
    struct block *block = eng_block(eng_site(3), 2 * MIB);
    eng_worth(block, 1000 * MS);
    eng_promote(block);
    eng_expect_state(block, BLOCK_PLAIN);
    eng_expect_state(cheap, BLOCK_PINNED);
    eng_expect_state(dear, BLOCK_PINNED);
    cr_expect_eq(fake.unpins, 0);
}

Test(engine_pin, evicts_several_and_quarantined_ones)
{
    eng_start(cap_4m);
    struct block *live = pinned_worth(1, 2 * MIB, 1 * MS), *freed = pinned_worth(2, 2 * MIB, 1 * MS);
    engine_free(freed);
    struct block *block = eng_block(eng_site(3), 4 * MIB);
    eng_worth(block, 1000 * MS);
    eng_pin(block);
    eng_expect_state(live, BLOCK_PLAIN);
    eng_expect_state(freed, BLOCK_GONE);
    cr_expect_eq(fake.releases, 1);
    cr_expect_null(engine_recycle(eng_site(2), 2 * MIB, freed->size_class), "served after its eviction");
    eng_expect_sound(4 * MIB);
}

Test(engine_pin, rule_14_23_what_is_in_flight_or_in_a_graph_is_not_evicted)
{
    eng_start("[limits]\nmax_pinned = 2M\n");
    struct block *flying = pinned_worth(1, MIB, 0), *held = pinned_worth(2, MIB, 0),
                 *block = eng_block(eng_site(3), MIB);
    engine_copy_begin(flying);
    engine_hold(held);
    eng_worth(block, SEC);
    eng_promote(block);
    eng_expect_state(block, BLOCK_PLAIN);
    cr_expect_eq(fake.unpins, 0);
    engine_copy_end(flying);
    fake.now_ns += SEC;
    eng_pin(block);
    eng_expect_state(flying, BLOCK_PLAIN);
    eng_expect_state(held, BLOCK_PINNED);
}

/* The least worthy one being in flight, the next goes. */
Test(engine_pin, rule_23_another_goes_instead)
{
    eng_start("[limits]\nmax_pinned = 2M\n");
    struct block *flying = pinned_worth(1, MIB, 0), *next = pinned_worth(2, MIB, 10 * MS),
                 *block = eng_block(eng_site(3), MIB);
    engine_copy_begin(flying);
    eng_worth(block, SEC);
    eng_pin(block);
    eng_expect_state(flying, BLOCK_PINNED);
    eng_expect_state(next, BLOCK_PLAIN);
}

/* --- many threads
 * ------------------------------------------------------------------------------------------------------ */

enum {
    THREADS = 16,
    ROUNDS = 10000
};

static int lock_slowly(struct block *block)
{
    const int rc = eng_lock(block);
    sched_yield();
    return rc;
}

static pthread_barrier_t all_there;

static void *promote_and_free(void *arg)
{
    const unsigned n = (unsigned)(uintptr_t)arg;
    struct site *site = eng_site(n % 4);
    pthread_barrier_wait(&all_there);
    for (unsigned i = 0; i < ROUNDS; i++) {
        const size_t bytes = MIB * (1 + (i + n) % 3);
        struct block *block = engine_recycle(site, bytes, site_size_log2(bytes));
        if (!block)
            block = eng_block(site, bytes);
        worth_add(block, MS); /* what the others are worth fades */
        eng_worth(block, (1 + i * 7919 % 1000) * MS);
        eng_promote(block);
        engine_free(block);
        fake.now_ns += SEC / 10;
    }
    return NULL;
}

Test(engine_pin, rule_32_cap_under_16_threads, .timeout = 60)
{
    pthread_t thread[THREADS];
    eng_start("[limits]\nmax_pinned = 6M\nmax_regions = 4\n");
    fake.on_pin = lock_slowly;
    pthread_barrier_init(&all_there, NULL, THREADS);
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, promote_and_free, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    cr_expect_gt(fake.pins, 20);
    cr_expect_leq(witness.locked_most, 6 * MIB, "%llu bytes at once", (unsigned long long)witness.locked_most);
    cr_expect_leq(ledger_peak_regions(), 4);
    eng_expect_sound(witness.locked);
}
