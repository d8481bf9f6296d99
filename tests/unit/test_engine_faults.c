/* Tests of policy/engine.c where there is no driver: blocks kept locked to save page faults, and the change to a
 * driver. */
#include "policy/cost.h"
#include "tests/unit/engine_fixture.h"

TestSuite(engine_faults, .init = eng_init);

static struct block *fresh_block(struct site *site, size_t bytes)
{
    struct block *block = eng_block(site, bytes);
    engine_free(block); /* born again, this time with pages to fault in */
    block->fresh = 1;
    engine_born(block, site, bytes);
    return block;
}

Test(engine_faults, blocks_that_recur_are_kept_locked)
{
    struct site *site = eng_site(1);
    struct block *block = NULL, *again = NULL;
    engine_use_backend(BACKEND_MLOCK);
    for (int i = 0; i < 10 && !again; i++) {
        block = fresh_block(site, 64 * MIB);
        engine_free(block);
        engine_work();
        again = engine_recycle(site, 64 * MIB, block->size_class);
    }
    cr_assert_eq(again, block, "faulted in ten times, and never kept");
    cr_expect_eq(site->why, REASON_RECURS);
    cr_expect_eq(site->saved_ns, cost_fault_ns(64 * MIB, 0));
    eng_expect_sound(64 * MIB);
    cr_expect_eq(eng_copy(again, MIB, 0), REASON_NOT_YET, "a copy pins nothing under mlock");
}

Test(engine_faults, what_the_arena_keeps_is_not_locked)
{
    struct site *site = eng_site(1);
    engine_use_backend(BACKEND_MLOCK);
    fake.keeps = 1;
    for (int i = 0; i < 20; i++)
        engine_free(fresh_block(site, 8 * MIB));
    engine_work();
    cr_expect_eq(fake.pins, 0);
}

Test(engine_faults, never_means_never)
{
    eng_start("[site never]\nmodule = mod2\npromote = never\n");
    struct site *site = eng_site(1), *never = eng_site(2);
    for (int i = 0; i < 50; i++)
        cr_expect_eq(eng_copy(eng_block(never, 16 * MIB), 16 * MIB, 0), REASON_NEVER);
    engine_use_backend(BACKEND_MLOCK);
    for (int i = 0; i < 20; i++)
        engine_free(fresh_block(never, 64 * MIB));
    engine_work();
    cr_expect_eq(fake.pins, 0);
    site->promote.mode = PROMOTE_ALWAYS;
    struct block *block = fresh_block(site, 64 * MIB);
    engine_free(block);
    engine_work();
    eng_expect_state(block, BLOCK_QUARANTINED);
    cr_expect_null(engine_recycle(never, 64 * MIB, block->size_class), "served with a locked block");
}

Test(engine_faults, backend_change_ends_the_other_backends_pins)
{
    struct site *site = eng_site(1);
    struct block *block = eng_pinned(site, MIB), *rest = eng_pinned(site, MIB), *queued = eng_block(site, MIB);
    engine_free(rest);
    engine_promote(queued, REASON_ALWAYS, NULL, 0);
    engine_use_backend(BACKEND_CUDA);
    eng_expect_sound(2 * MIB);
    engine_use_backend(BACKEND_MLOCK);
    engine_work();
    eng_expect_state(block, BLOCK_PLAIN);
    eng_expect_state(rest, BLOCK_GONE);
    eng_expect_state(queued, BLOCK_PLAIN);
    cr_expect_eq(engine_backend(), BACKEND_MLOCK);
    eng_expect_sound(0);
}
