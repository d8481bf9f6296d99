/* Tests of policy/site.c: keys that survive ASLR, the tables, and the settings a site gets. */
#include "policy/site.h"
#include "policy/tally.h"
#include "tests/unit/engine_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

TestSuite(site, .init = eng_init);

enum {
    STACKS = 100000,
    THREADS = 8
};

/* A stack of four frames, as unwound when its modules are loaded `shift` higher up. */
static unsigned stack(struct frame *frame, uint64_t n, uintptr_t shift)
{
    static const char *const module[] = {"/usr/lib/libm.so.6", "/opt/app/bin/train", "", "/usr/lib/libc.so.6"};
    for (unsigned i = 0; i < 4; i++)
        frame[i] = (struct frame){
            .pc = 0x7f0000000000 + shift + n * 16 + i, .module = module[i], .module_id = 77 + i, .offset = n * 16 + i};
    return 4;
}

/* What unwinding makes of the stack when it is met again: another hash, as the addresses differ. */
static uint64_t raw_hash(uint64_t n, uintptr_t shift)
{
    return (n + 1) * 0x9E3779B97F4A7C15ull ^ shift;
}

static struct site *add(uint64_t n, uintptr_t shift, size_t bytes)
{
    struct frame frame[SITE_FRAMES];
    const unsigned n_frames = stack(frame, n, shift);
    return site_add(raw_hash(n, shift) ^ site_size_log2(bytes), frame, NULL, n_frames, bytes);
}

Test(site, key_survives_aslr)
{
    struct frame here[SITE_FRAMES], there[SITE_FRAMES];
    stack(here, 5, 0);
    const unsigned n = stack(there, 5, 0x5550000);
    cr_expect_eq(site_key(here, n, MIB), site_key(there, n, MIB));
    struct site *site = add(5, 0, MIB);
    cr_expect_eq(site->key, site_key(there, n, MIB));
    cr_expect_eq(add(5, 0x5550000, MIB), site, "the same stack at other addresses is another site");
    /* Folders do not count, nor does the module's name: the build-id does. */
    there[1].module = "/home/user/bin/train";
    cr_expect_eq(site_key(there, n, MIB), site->key);
}

Test(site, key_tells_stacks_apart)
{
    struct frame frame[SITE_FRAMES];
    const unsigned n = stack(frame, 5, 0);
    const uint64_t key = site_key(frame, n, MIB);
    frame[3].offset++;
    cr_expect_neq(site_key(frame, n, MIB), key, "an offset");
    frame[3].offset--;
    frame[0].module_id++;
    cr_expect_neq(site_key(frame, n, MIB), key, "a module");
    frame[0].module_id--;
    cr_expect_neq(site_key(frame, n - 1, MIB), key, "a frame less");
    const struct frame swap = frame[1];
    frame[1] = frame[2];
    frame[2] = swap;
    cr_expect_neq(site_key(frame, n, MIB), key, "their order");
}

Test(site, size_class_separates)
{
    cr_expect_eq(site_size_log2(0), 0);
    cr_expect_eq(site_size_log2(1), 0);
    cr_expect_eq(site_size_log2(MIB), 20);
    cr_expect_eq(site_size_log2(2 * MIB - 1), 20);
    cr_expect_eq(site_size_log2(SIZE_MAX), 63);
    struct site *site = add(1, 0, MIB);
    cr_expect_eq(add(1, 0, 2 * MIB - 1), site);
    cr_expect_neq(add(1, 0, 2 * MIB), site);
    cr_expect_eq(site->size_log2, 20);
}

Test(site, found_by_stack)
{
    struct site *site = add(1, 0, MIB), *again = add(1, 4096, MIB);
    cr_expect_null(site_find(12345));
    cr_expect_eq(site_find(raw_hash(1, 0) ^ 20), site);
    cr_expect_eq(site_find(raw_hash(1, 4096) ^ 20), site);
    cr_expect_eq(again, site);
}

Test(site, names_are_copied_and_frames_are_bounded)
{
    char name[] = "/usr/lib/libm.so.6";
    struct frame frame[12];
    for (int i = 0; i < 12; i++)
        frame[i] = (struct frame){.pc = 1, .module = name, .module_id = 1, .offset = (uint64_t)i};
    struct site *site = site_add(1, frame, NULL, 12, MIB);
    name[0] = 'X';
    cr_expect_eq(site->n_frames, SITE_FRAMES);
    cr_expect_str_eq(site->frame[SITE_FRAMES - 1].module, "/usr/lib/libm.so.6");
    struct site *none = site_add(2, frame, NULL, 0, MIB);
    cr_expect_neq(none, site);
    cr_expect_eq(none->n_frames, 0);
}

static unsigned sites_counted(void)
{
    unsigned n = 0;
    for (struct site *site = sites_first(); site; site = site->next)
        n++;
    return n - 1; /* the catch-all */
}

Test(site, table_with_100000_stacks, .timeout = 60)
{
    for (uint64_t n = 0; n < STACKS; n++)
        cr_assert_eq(add(n, 0, MIB)->frame[0].offset, n * 16);
    cr_expect_eq(sites_counted(), STACKS);
    for (uint64_t n = 0; n < STACKS; n++) {
        struct site *site = site_find(raw_hash(n, 0) ^ 20);
        cr_assert_not_null(site);
        cr_assert_eq(site->frame[0].offset, n * 16);
    }
    cr_expect_eq(add(7, 0x1000, MIB)->frame[0].offset, 7 * 16);
    cr_expect_eq(sites_counted(), STACKS, "a stack at other addresses became a new site");
}

static void *add_many(void *unused)
{
    for (uint64_t n = 0; n < 5000; n++)
        add(n % 500, (uintptr_t)(n / 500) * 4096, MIB);
    return unused;
}

Test(site, threads_enter_a_stack_once, .timeout = 60)
{
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, add_many, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    cr_expect_eq(sites_counted(), 500);
}

/* --- settings -------------------------------------------------------------------------------------------------------
 */

Test(site, plain_options_apply_without_a_rule)
{
    eng_start("[limits]\nmax_pinned = 1G\n[promotion]\npromote = after=4\npin_wait = yes\nasync = relaxed\n");
    struct site *site = add(1, 0, MIB);
    cr_expect_null(site->rule_name);
    cr_expect_eq(site->promote.mode, PROMOTE_AFTER);
    cr_expect_eq(site->promote.after, 4);
    cr_expect_eq(site->pin_wait, 1);
    cr_expect_eq(site->async, OPTION_ASYNC_RELAXED);
    cr_expect_eq(site->max_pinned, UINT64_MAX, "the cap of the process is the ledger's business");
    cr_expect_eq(site->priority, 0);
}

Test(site, rules_apply)
{
    eng_start("[site train]\nmodule = train\nfunction = load*\nmin_size = 2M\npromote = always\npriority = 5\n"
              "max_pinned = 64M\n[site math]\nmodule = libm.so*\ndepth = 0\npromote = never\n");
    const char *names[] = {"exp", "load_batch", NULL, "main"};
    struct frame frame[SITE_FRAMES];
    const unsigned n = stack(frame, 1, 0);
    struct site *large = site_add(1, frame, names, n, 2 * MIB), *small = site_add(2, frame, names, n, MIB);
    cr_assert_not_null(large->rule_name);
    cr_expect_str_eq(large->rule_name, "train");
    cr_expect_eq(large->promote.mode, PROMOTE_ALWAYS);
    cr_expect_eq(large->priority, 5);
    cr_expect_eq(large->max_pinned, 64 * MIB);
    cr_assert_not_null(small->rule_name);
    cr_expect_str_eq(small->rule_name, "math");
    cr_expect_eq(small->promote.mode, PROMOTE_NEVER);
}

/* --- when memory is short, and after fork ---------------------------------------------------------------------------
 */

Test(site, rule_35_memory_short_gives_the_catch_all)
{
    fake.map_fails = 1;
    struct site *site = NULL;
    for (uint64_t n = 0; n < 10000; n++)
        cr_assert_not_null(site = add(n, 0, MIB));
    cr_expect_eq(site->n_frames, 0, "no site was left out");
    cr_expect_eq(site->promote.mode, PROMOTE_AUTO);
    fake.map_fails = 0;
    cr_expect_eq(add(9999, 0, MIB)->n_frames, 4, "the catch-all stays for ever");
}

Test(site, rule_28_forget_begins_anew)
{
    struct site *site = eng_site(1);
    eng_pinned(site, 4 * MIB);
    const uint64_t key = site->key;
    sites_forget();
    cr_expect_eq(site_blocks(site), 0);
    cr_expect_eq(site->pins, 0);
    cr_expect_eq(site->pinned_bytes, 0);
    cr_expect_eq(site_blocks_live(site) + site_blocks_live_peak(site), 0);
    cr_expect_eq(site->key, key);
    cr_expect_eq(site_find(1), site);
}

Test(site, level_keeps_its_peak)
{
    _Atomic uint64_t level = 0, peak = 0;
    level_add(&level, &peak, 5);
    level_sub(&level, 3);
    level_add(&level, &peak, 2);
    cr_expect_eq(level, 4);
    cr_expect_eq(peak, 5);
}
