/* Tests of policy/block.c: every event in every state, with every set of claims on the block. */
#include "policy/block.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>
#include <pthread.h>

TestSuite(block, .init = fake_reset);

enum {
    STATES = BLOCK_KEPT + 1,
    CLAIM_SETS = 32,
    THREADS = 8,
};

#define ANY_CLAIM (WORD_HELD | WORD_APP_ONE | WORD_REF_ONE)

/* The set of claims number i: freed, held, registered by the application, in flight; and placed, which is none. */
static uint32_t claims(unsigned i)
{
    return (i & 1 ? WORD_FREED : 0) | (i & 2 ? WORD_HELD : 0) | (i & 4 ? WORD_APP_ONE : 0) |
           (i & 8 ? WORD_REF_ONE : 0) | (i & 16 ? WORD_PLACED : 0);
}

static struct block block_with(uint32_t word)
{
    struct block block = {0};
    atomic_store(&block.word, word);
    return block;
}

/* --- events that happen or not --------------------------------------------------------------------------------------
 */

static int move_end(struct block *block)
{
    const uint32_t before = block_word(block);
    block_move_end(block);
    return block_word(block) != before;
}

static int kept(struct block *block)
{
    const uint32_t before = block_word(block);
    block_kept(block);
    return block_word(block) != before;
}

#define NOBODY (WORD_APP_ONE | WORD_HELD | WORD_FREED)

/* All that is allowed: with any claim of `never`, or in a state without a row, the event must not happen. */
static const struct {
    const char *name;
    int (*event)(struct block *);
    enum block_state from, to;
    uint32_t never, adds, needs;
} rows[] = {
    {"born", block_born, BLOCK_GONE, BLOCK_PLAIN, 0, 0, 0},
    {"place", block_place, BLOCK_GONE, BLOCK_GONE, WORD_PLACED, WORD_PLACED, 0},
    {"lay", block_lay, BLOCK_GONE, BLOCK_READY, WORD_PLACED, WORD_PLACED, 0},
    {"return", block_return, BLOCK_GONE, BLOCK_READY, 0, 0, WORD_PLACED},
    {"leave", block_leave, BLOCK_PLAIN, BLOCK_READY, NOBODY | WORD_REF_ONE, 0, WORD_PLACED},
    {"take", block_take, BLOCK_READY, BLOCK_PLAIN, NOBODY | WORD_REF_ONE, 0, WORD_PLACED},
    {"lift", block_lift, BLOCK_READY, BLOCK_GONE, NOBODY | WORD_REF_ONE, 0, WORD_PLACED},
    {"pin_begin", block_pin_begin, BLOCK_PLAIN, BLOCK_PINNING, NOBODY, 0, 0},
    {"pin_begin_freed", block_pin_begin_freed, BLOCK_PLAIN, BLOCK_PINNING, NOBODY, WORD_FREED, 0},
    {"move_begin", block_move_begin, BLOCK_PLAIN, BLOCK_MOVING, ANY_CLAIM, 0, 0},
    {"move_end", move_end, BLOCK_MOVING, BLOCK_PLAIN, 0, 0, 0},
    {"unpin_begin", block_unpin_begin, BLOCK_PINNED, BLOCK_UNPINNING, WORD_HELD | WORD_REF_ONE, 0, 0},
    {"unpin_begin", block_unpin_begin, BLOCK_QUARANTINED, BLOCK_UNPINNING, WORD_HELD | WORD_REF_ONE, WORD_FREED, 0},
    {"recycle", block_recycle, BLOCK_QUARANTINED, BLOCK_PINNED, ANY_CLAIM, 0, 0},
    {"kept", kept, BLOCK_UNPINNING, BLOCK_KEPT, 0, 0, 0},
    {"kept", kept, BLOCK_PINNING, BLOCK_KEPT, 0, 0, 0},
};
enum {
    ROWS = sizeof rows / sizeof *rows
};

/* The row that allows this event from this word, or -1. */
static int row_for(int (*event)(struct block *), uint32_t word)
{
    for (int i = 0; i < ROWS; i++)
        if (rows[i].event == event && rows[i].from == WORD_STATE(word) && !(word & rows[i].never) &&
            (word & rows[i].needs) == rows[i].needs)
            return i;
    return -1;
}

Test(block, rule_20_23_30_every_event_in_every_state)
{
    for (int i = 0; i < ROWS; i++) {
        for (unsigned n = 0; n < STATES * CLAIM_SETS; n++) {
            const uint32_t word = n % STATES | claims(n / STATES);
            const int allowed = row_for(rows[i].event, word);
            struct block block = block_with(word);
            const int done = rows[i].event(&block);
            cr_expect_eq(done, allowed >= 0, "%s from %#x: %d", rows[i].name, word, done);
            const uint32_t next = allowed < 0 ? word : (word & ~15u) | rows[allowed].to | rows[allowed].adds;
            cr_expect_eq(block_word(&block), next, "%s from %#x: %#x, not %#x", rows[i].name, word, block_word(&block),
                         next);
        }
    }
}

/* Whoever takes a block out of its place has it if nobody else had, and is told so. */
Test(block, rule_20_displaced_in_every_state)
{
    for (unsigned n = 0; n < STATES * CLAIM_SETS; n++) {
        const uint32_t word = n % STATES | claims(n / STATES);
        const int ready = WORD_STATE(word) == BLOCK_READY;
        const uint32_t next = (ready ? (word & ~15u) | BLOCK_GONE : word) & ~WORD_PLACED;
        struct block block = block_with(word);
        cr_expect_eq(block_displace(&block), ready, "from %#x", word);
        cr_expect_eq(block_word(&block), next, "from %#x: %#x, not %#x", word, block_word(&block), next);
    }
}

/* --- events after which there is something to do --------------------------------------------------------------------
 */

struct outcome {
    uint32_t word;
    enum block_next next;
};

/* What becomes of a block that is not pinned: it goes once it is freed and nothing claims it. */
static struct outcome not_pinned(uint32_t claimed)
{
    if ((claimed & WORD_FREED) && !(claimed & ANY_CLAIM))
        return (struct outcome){BLOCK_GONE | (claimed & WORD_PLACED), NEXT_RELEASE};
    return (struct outcome){BLOCK_PLAIN | claimed, NEXT_NOTHING};
}

static void expect_outcome(const char *event, uint32_t word, struct outcome want, const struct block *block,
                           enum block_next next)
{
    cr_expect_eq(block_word(block), want.word, "%s from %#x: %#x, not %#x", event, word, block_word(block), want.word);
    cr_expect_eq(next, want.next, "%s from %#x: next is %d, not %d", event, word, (int)next, (int)want.next);
}

Test(block, pin_done)
{
    for (unsigned i = 0; i < CLAIM_SETS; i++) {
        const uint32_t word = BLOCK_PINNING | claims(i);
        struct outcome pinned = {BLOCK_PINNED | claims(i), NEXT_NOTHING};
        if (word & WORD_FREED)
            pinned = (struct outcome){BLOCK_QUARANTINED | (claims(i) & ~WORD_FREED), NEXT_QUARANTINE};
        struct block good = block_with(word), bad = block_with(word);
        const enum block_next good_next = block_pin_done(&good, 1), bad_next = block_pin_done(&bad, 0);
        expect_outcome("pin_done", word, pinned, &good, good_next);
        expect_outcome("pin_done, failed", word, not_pinned(claims(i)), &bad, bad_next);
    }
}

Test(block, unpin_done)
{
    for (unsigned n = 0; n < STATES * CLAIM_SETS; n++) {
        const uint32_t word = n % STATES | claims(n / STATES);
        const enum block_state state = WORD_STATE(word);
        struct outcome want = {word, NEXT_NOTHING};
        if (state == BLOCK_UNPINNING || state == BLOCK_PLAIN)
            want = not_pinned(claims(n / STATES));
        struct block block = block_with(word);
        const enum block_next next = block_unpin_done(&block);
        expect_outcome("unpin_done", word, want, &block, next);
    }
}

static struct outcome after_free(uint32_t word)
{
    const uint32_t claimed = word & ~15u;
    const enum block_state state = WORD_STATE(word);
    if (state == BLOCK_GONE || state == BLOCK_READY || state == BLOCK_QUARANTINED || (word & WORD_FREED))
        return (struct outcome){word, NEXT_NOTHING}; /* freed before */
    if (state == BLOCK_PLAIN)
        return not_pinned(claimed | WORD_FREED);
    if (state == BLOCK_PINNED)
        return (struct outcome){BLOCK_QUARANTINED | claimed, NEXT_QUARANTINE};
    return (struct outcome){word | WORD_FREED, NEXT_NOTHING};
}

Test(block, rule_22_free_in_every_state)
{
    for (unsigned n = 0; n < STATES * CLAIM_SETS; n++) {
        const uint32_t word = n % STATES | claims(n / STATES);
        struct block block = block_with(word);
        const enum block_next next = block_free(&block);
        expect_outcome("free", word, after_free(word), &block, next);
    }
    cr_expect_eq(fake.pins + fake.unpins + fake.waits, 0);
}

/* The last claim on a freed block that is not pinned releases it; nothing else does. */
Test(block, rule_23_claims_in_every_state)
{
    for (unsigned n = 0; n < STATES * CLAIM_SETS; n++) {
        const uint32_t word = n % STATES | claims(n / STATES);
        const int plain = WORD_STATE(word) == BLOCK_PLAIN;
        struct block block = block_with(word);
        cr_expect_eq(block_ref(&block), word);
        cr_expect_eq(WORD_REFS(block_word(&block)), WORD_REFS(word) + 1);
        enum block_next next = block_unref(&block);
        expect_outcome("ref, unref", word, plain ? not_pinned(word & ~15u) : (struct outcome){word, NEXT_NOTHING},
                       &block, next);
        block = block_with(word);
        block_app_add(&block);
        cr_expect_eq(WORD_APP(block_word(&block)), WORD_APP(word) + 1);
        next = block_app_drop(&block);
        expect_outcome("app_add, app_drop", word,
                       plain ? not_pinned(word & ~15u) : (struct outcome){word, NEXT_NOTHING}, &block, next);
        block = block_with(word);
        block_hold(&block);
        cr_expect_eq(block_word(&block), word | WORD_HELD);
    }
}

Test(block, rule_25_application_counter_is_bounded)
{
    struct block block = block_with(BLOCK_PLAIN | WORD_REF_ONE);
    cr_expect_eq(block_app_drop(&block), NEXT_NOTHING);
    cr_expect_eq(block_word(&block), BLOCK_PLAIN | WORD_REF_ONE, "a registration that was never begun has ended");
    for (int i = 0; i < 300; i++)
        block_app_add(&block);
    cr_expect_eq(WORD_APP(block_word(&block)), 255);
    cr_expect_eq(WORD_REFS(block_word(&block)), 1, "the counter ran over into the next");
}

/* --- threads --------------------------------------------------------------------------------------------------------
 */

static struct block shared;
static _Atomic unsigned owners, most_owners, releases, turns;

static void own(int enter)
{
    if (!enter) {
        atomic_fetch_sub(&owners, 1);
        return;
    }
    const unsigned now = atomic_fetch_add(&owners, 1) + 1;
    if (now > atomic_load(&most_owners))
        atomic_store(&most_owners, now);
}

static void *pin_and_unpin(void *unused)
{
    for (int i = 0; i < 20000; i++) {
        block_ref(&shared);
        releases += block_unref(&shared) == NEXT_RELEASE;
        if (block_pin_begin(&shared)) {
            own(1);
            own(0);
            releases += block_pin_done(&shared, i & 1) == NEXT_RELEASE;
            turns++;
        }
        if (block_unpin_begin(&shared)) {
            own(1);
            own(0);
            releases += block_unpin_done(&shared) == NEXT_RELEASE;
        }
    }
    return unused;
}

/* One thread at a time works on a block, and a freed one is released once. */
Test(block, rule_30_promotion_is_serialised, .timeout = 30)
{
    pthread_t thread[THREADS];
    shared = block_with(BLOCK_PLAIN);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, pin_and_unpin, NULL);
    while (atomic_load(&turns) < THREADS)
        ;
    releases += block_free(&shared) == NEXT_RELEASE;
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    cr_expect_eq(most_owners, 1, "%u at once", most_owners);
    if (block_unpin_begin(&shared))
        releases += block_unpin_done(&shared) == NEXT_RELEASE;
    cr_expect_eq(releases, 1, "released %u times", releases);
    cr_expect_eq(block_word(&shared), BLOCK_GONE);
}
