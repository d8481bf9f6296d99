/* Invented blocks for the engine's tests: see engine_fixture.h.  No lock; the witness is atomic. */
#include "tests/unit/engine_fixture.h"

#include "policy/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct witness witness;
static struct options options;

/* Blocks of eng_block(): with the witness's own note of whether it is locked. */
struct eng_block {
    struct block block;       /* first, so that one is the other */
    unsigned locked;          /* witness.process + 1 */
    struct eng_block *before; /* all of them, so that none counts as leaked */
};

static struct eng_block *_Atomic blocks;

static int is_locked(const struct block *block)
{
    return ((const struct eng_block *)block)->locked == witness.process + 1;
}

int eng_lock(struct block *block)
{
    if (block_state(block) != BLOCK_PINNING || is_locked(block))
        witness.wrong_pins++;
    block->pin_backend = engine_backend();
    ((struct eng_block *)block)->locked = witness.process + 1;
    level_add(&witness.locked, &witness.locked_most, block->pin_bytes);
    return 0;
}

int eng_unlock(struct block *block)
{
    if (block_state(block) != BLOCK_UNPINNING || !is_locked(block))
        witness.wrong_pins++;
    block->pin_backend = BACKEND_NONE;
    ((struct eng_block *)block)->locked = 0;
    level_sub(&witness.locked, block->pin_bytes);
    return 0;
}

static void on_release(struct block *block, int keep)
{
    (void)keep;
    if (block_word(block) != BLOCK_GONE || is_locked(block) || block->pin_link || block->resting)
        witness.wrong_releases++;
}

void eng_start(const char *conf)
{
    fake_reset();
    memset(&witness, 0, sizeof witness);
    cr_assert_eq(fake_load(&options, conf, strlen(conf)), 0, "%s", fake_log());
    fake.on_pin = eng_lock;
    fake.on_unpin = eng_unlock;
    fake.on_release = on_release;
    engine_start(&options);
    sites_start(&options);
    engine_use_backend(BACKEND_CUDA);
}

void eng_init(void)
{
    eng_start("");
}

struct site *eng_site(unsigned n)
{
    char module[16];
    struct frame frame = {.pc = 0x1000 + n, .module = module, .module_id = n, .offset = 0x10};
    sprintf(module, "mod%u", n);
    return site_add(n, &frame, NULL, 1, MIB);
}

struct block *eng_block(struct site *site, size_t bytes)
{
    static _Atomic uintptr_t next = 1ull << 40;
    struct block *block = calloc(1, sizeof(struct eng_block));
    cr_assert_not_null(block);
    ((struct eng_block *)block)->before = atomic_exchange(&blocks, (struct eng_block *)block);
    block->base = (char *)atomic_fetch_add(&next, 1ull << 32); /* NOLINT(performance-no-int-to-ptr) */
    block->slot_bytes = bytes;
    block->size_class = site_size_log2(bytes);
    engine_born(block, site, bytes);
    return block;
}

void eng_promote(struct block *block)
{
    engine_copy_begin(block);
    engine_promote(block, REASON_ALWAYS, NULL, 0);
    engine_copy_end(block);
    engine_work();
}

void eng_pin(struct block *block)
{
    eng_promote(block);
    cr_assert_eq(block_state(block), BLOCK_PINNED, "not pinned: %s", reason_text((enum reason)block->site->why));
}

struct block *eng_pinned(struct site *site, size_t bytes)
{
    struct block *block = eng_block(site, bytes);
    eng_pin(block);
    return block;
}

void eng_worth(struct block *block, uint64_t ns)
{
    worth_set(block, ns);
}

enum reason eng_copy(struct block *block, uint64_t bytes, uint64_t ns)
{
    const uint32_t word = engine_copy_begin(block);
    const enum way way = engine_is_direct(block, word) ? WAY_DIRECT : WAY_PLAIN;
    const enum reason reason = engine_copied(block, DIR_H2D, way, bytes, ns);
    if (!reason_refuses(reason))
        engine_promote(block, reason, NULL, 0);
    engine_copy_end(block);
    return reason;
}

void eng_expect_state(const struct block *block, enum block_state state)
{
    cr_expect_eq(block_state(block), state, "state %d, not %d", (int)block_state(block), (int)state);
}

void eng_expect_sound(uint64_t locked)
{
    cr_expect_eq(witness.wrong_pins, 0, "%u pins or unpins in a wrong state", witness.wrong_pins);
    cr_expect_eq(witness.wrong_releases, 0, "%u releases of blocks still in use", witness.wrong_releases);
    cr_expect_eq(witness.locked, locked, "%llu bytes are locked", (unsigned long long)witness.locked);
    cr_expect_eq(ledger_bytes(), locked, "%llu bytes are in the ledger", (unsigned long long)ledger_bytes());
    cr_expect_leq(witness.locked_most, ledger_cap_bytes());
}

static void pass_time(void)
{
    fake.now_ns += SEC;
}

void eng_expect_patience(int (*on_pin)(struct block *block))
{
    struct block *block = eng_block(eng_site(1), MIB);
    fake.on_pin = on_pin;
    fake.on_wait = pass_time;
    eng_promote(block);
    cr_expect_geq(fake.waits, 1);
    cr_expect_leq(fake.waits, 60);
    eng_expect_state(block, BLOCK_PINNED);
}

struct fake_failure eng_failure(unsigned calls, unsigned count, int err)
{
    return (struct fake_failure){calls, count, err};
}
