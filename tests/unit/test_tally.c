/* Shares of threads, and what they add up to. */
#include "policy/tally.h"
#include "tests/unit/engine_fixture.h"

#include <pthread.h>

enum {
    THREADS = 8,
    ROUNDS = 20000
};

static void init(void)
{
    eng_init();
    fake.tallies = 1;
}

static void expect(const struct site *site, uint64_t blocks, uint64_t live, uint64_t peak)
{
    cr_expect_eq(site_blocks(site), blocks, "%llu blocks", (unsigned long long)site_blocks(site));
    cr_expect_eq(site_bytes(site), blocks * MIB);
    cr_expect_eq(site_blocks_gone(site), blocks - live);
    cr_expect_eq(site_blocks_live(site), live, "%llu live", (unsigned long long)site_blocks_live(site));
    cr_expect_eq(site_bytes_live(site), live * MIB);
    cr_expect_eq(site_blocks_live_peak(site), peak, "peak %llu", (unsigned long long)site_blocks_live_peak(site));
    cr_expect_eq(site_bytes_live_peak(site), peak * MIB);
}

/* Up and down by so many, again and again: one thread's peak is exact whether or not the site is told of it. */
static void expect_exact(struct site *site)
{
    uint64_t blocks = 0, live = 0, peak = 0;
    for (unsigned height = 1; height <= 40; height++) {
        for (unsigned i = 0; i < height; i++, blocks++, live++)
            tally_born(site, MIB);
        peak = live > peak ? live : peak;
        expect(site, blocks, live, peak);
        for (unsigned i = 0; i + height % 3 < height; i++, live--)
            tally_gone(site, MIB);
        expect(site, blocks, live, peak);
    }
}

Test(tally, one_thread_is_exact, .init = init)
{
    expect_exact(eng_site(1));
    cr_expect_not_null(prim_tally_at(0), "the thread has no tally: this tests nothing");
}

Test(tally, without_tallies, .init = eng_init)
{
    expect_exact(eng_site(1));
}

Test(tally, beyond_the_last_share, .init = init)
{
    struct site *site = NULL;
    for (unsigned i = 0; i <= TALLY_SITES; i++)
        site = eng_site(i);
    cr_assert_geq(site->index, TALLY_SITES);
    expect_exact(site);
}

Test(tally, sizes, .init = init)
{
    struct site *site = eng_site(1);
    tally_born(site, 3 * MIB);
    tally_resized(site, 3 * MIB, 5 * MIB);
    cr_expect_eq(site_bytes_live(site), 5 * MIB);
    tally_resized(site, 5 * MIB, MIB);
    tally_born(site, MIB);
    cr_expect_eq(site_bytes_live(site), 2 * MIB);
    cr_expect_eq(site_bytes_live_peak(site), 5 * MIB);
    cr_expect_eq(site_blocks_live(site), 2);
    cr_expect_eq(site->bytes_min, MIB);
    cr_expect_eq(site->bytes_max, 3 * MIB);
}

static struct site *shared;
static int hand_over; /* even threads allocate, odd ones free */
static pthread_barrier_t together;

static void *work(void *arg)
{
    const int odd = (uintptr_t)arg % 2;
    pthread_barrier_wait(&together);
    for (int i = 0; i < ROUNDS; i++) {
        if (!hand_over || !odd)
            tally_born(shared, MIB);
        if (!hand_over || odd)
            tally_gone(shared, MIB);
    }
    return NULL;
}

static void run_threads(void)
{
    pthread_t thread[THREADS];
    shared = eng_site(1);
    pthread_barrier_init(&together, NULL, THREADS);
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, work, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
}

Test(tally, threads_add_up, .init = init)
{
    tally_born(eng_site(1), MIB);
    run_threads();
    cr_expect_eq(site_blocks(shared), THREADS * ROUNDS + 1);
    cr_expect_eq(site_blocks_live(shared), 1);
    cr_expect_eq(site_bytes_live(shared), MIB);
    const uint64_t peak = site_blocks_live_peak(shared);
    cr_expect(peak >= 2 && peak <= THREADS + 1, "peak %llu", (unsigned long long)peak);
    cr_expect(tally_has_served(shared, THREADS * ROUNDS + 1));
    cr_expect_not(tally_has_served(shared, THREADS * ROUNDS + 2));
}

Test(tally, what_one_allocates_another_may_free, .init = init)
{
    hand_over = 1;
    run_threads();
    cr_expect_eq(site_blocks(shared), THREADS / 2 * ROUNDS);
    cr_expect_eq(site_blocks_gone(shared), THREADS / 2 * ROUNDS);
    cr_expect_eq(site_blocks_live(shared), 0);
    cr_expect_leq(site_blocks_live_peak(shared), THREADS / 2 * ROUNDS + 8 * THREADS);
}

Test(tally, rule_28_what_is_inherited_lives, .init = init)
{
    struct site *site = eng_site(1);
    for (int i = 0; i < 30; i++)
        tally_born(site, MIB);
    for (int i = 0; i < 25; i++)
        tally_gone(site, MIB);
    tally_forget(site);
    cr_expect_eq(site_blocks_live(site), 0);
    for (int i = 0; i < 5; i++)
        tally_inherit(site, MIB);
    cr_expect_eq(site_blocks(site), 0);
    cr_expect_eq(site_blocks_live(site), 5);
    cr_expect_eq(site_blocks_live_peak(site), 5);
    for (int i = 0; i < 5; i++)
        tally_gone(site, MIB);
    cr_expect_eq(site_blocks_live(site), 0);
    tally_born(site, MIB);
    cr_expect_eq(site_blocks(site), 1);
    cr_expect_eq(site_bytes_live_peak(site), 5 * MIB);
}
