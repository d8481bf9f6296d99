/* The engine under many threads and an arena that is only pretended; for ThreadSanitizer (make tsan), and run plain by
 * make check.
 *
 * Checked at every pin, unpin and release, whoever makes it: no block is pinned twice (rule 30), none is released while
 * pinned (rule 20) or while a copy of it is under way (rule 23), and the cap is never exceeded, not even for an instant
 * (rule 32).  The program has a main() of its own because Criterion's sandboxes and ThreadSanitizer exclude each other.
 */
#include "fake_prim.h"

#include "policy/engine.h"
#include "policy/ledger.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREADS = 8,
    BLOCKS = 64,
    LIVE = 4,
    ROUNDS = 40000,
    ENOUGH_PINS = 200,
    BLOCK_BYTES = 2 << 20,
    CAP_BLOCKS = 6,
    SITES = 4,
    CLASS = 3
};

static struct block blocks[BLOCKS];
static _Atomic int pinned[BLOCKS], copying[BLOCKS];
static struct block *free_blocks[BLOCKS];
static int n_free;
static pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;
static struct site *sites[SITES];
static _Atomic int n_pinned, most_pinned, stop, broken;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                                    \
            broken = 1;                                                                                                \
        }                                                                                                              \
    } while (0)

static int on_pin(struct block *block)
{
    CHECK(!atomic_exchange(&pinned[block - blocks], 1));
    int now = atomic_fetch_add(&n_pinned, 1) + 1;
    CHECK(now <= CAP_BLOCKS);
    CHECK(ledger_bytes() <= ledger_cap_bytes());
    if (now > most_pinned)
        most_pinned = now;
    block->pin_backend = BACKEND_CUDA;
    return 0;
}

static int on_unpin(struct block *block)
{
    CHECK(atomic_exchange(&pinned[block - blocks], 0));
    CHECK(copying[block - blocks] == 0);
    n_pinned--;
    return 0;
}

static void on_release(struct block *block, int keep)
{
    (void)keep;
    CHECK(!pinned[block - blocks]);
    CHECK(copying[block - blocks] == 0);
    pthread_mutex_lock(&free_lock);
    CHECK(n_free < BLOCKS);
    free_blocks[n_free++] = block;
    pthread_mutex_unlock(&free_lock);
}

static struct block *take(struct site *site)
{
    struct block *block = engine_recycle(site, BLOCK_BYTES, CLASS);
    if (block) {
        CHECK(copying[block - blocks] == 0);
        return block;
    }
    pthread_mutex_lock(&free_lock);
    if (n_free)
        block = free_blocks[--n_free];
    pthread_mutex_unlock(&free_lock);
    if (block)
        engine_born(block, site, BLOCK_BYTES);
    return block;
}

static void copy(struct block *block)
{
    uint32_t word = engine_copy_begin(block);
    int direct = engine_is_direct(block, word);
    copying[block - blocks] += direct;
    CHECK(!direct || pinned[block - blocks]);
    enum reason why =
        engine_copied(block, DIR_H2D, direct ? WAY_DIRECT : WAY_PLAIN, BLOCK_BYTES, direct ? 40000 : 260000);
    if (!reason_refuses(why))
        engine_promote(block, why, &blocks, 0);
    copying[block - blocks] -= direct;
    engine_copy_end(block);
}

static int any(const struct block *block, const void *what)
{
    (void)what;
    return block != NULL;
}

static void *mutator(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument * 2654435761u + 1;
    struct block *mine[LIVE] = {NULL};
    for (int i = 0; (i < ROUNDS || fake.pins < ENOUGH_PINS) && i < 100 * ROUNDS && !broken; i++) {
        if (i % 64 == 0)
            sched_yield(); /* the worker's turn, on a machine of few cores */
        seed = seed * 1103515245u + 12345u;
        struct block **slot = &mine[(seed >> 8) % LIVE];
        unsigned action = (seed >> 16) % 64;
        if (!*slot)
            *slot = take(sites[(seed >> 12) % SITES]);
        if (!*slot)
            continue;
        if (action < 40) {
            copy(*slot);
        } else if (action < 60) {
            engine_free(*slot);
            *slot = NULL;
        } else if (action == 60) {
            engine_demote(*slot);
        } else if (action == 61) {
            engine_app_claim(*slot);
            CHECK(!pinned[*slot - blocks]);
            engine_app_release(*slot);
        } else if (action == 62 && i % 16 == 0) {
            engine_demote_matching(any, NULL);
        }
    }
    for (int i = 0; i < LIVE; i++)
        if (mine[i])
            engine_free(mine[i]);
    return NULL;
}

static void *worker(void *argument)
{
    while (!stop)
        engine_work();
    return argument;
}

static void start(void)
{
    static struct options options;
    static const char conf[] =
        "[limits]\nmax_pinned = 12M\nmin_free = 0\n[promotion]\npromote = after=2\nidle_timeout = 100ms\n";
    fake_reset();
    fake.step_ns = 1000;
    fake.on_pin = on_pin;
    fake.on_unpin = on_unpin;
    fake.on_release = on_release;
    CHECK(fake_load(&options, conf, sizeof conf - 1) == 0);
    engine_start(&options);
    sites_start(&options);
    engine_use_backend(BACKEND_CUDA);
    for (int i = 0; i < SITES; i++) {
        struct frame frame = {
            .pc = 4096u * (unsigned)(i + 1), .module = "program", .module_id = 1, .offset = (uint64_t)i};
        sites[i] = site_add((uint64_t)i + 1, &frame, NULL, 1, BLOCK_BYTES);
    }
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i].base = (char *)0 + 0x10000000000 + (size_t)i * BLOCK_BYTES; /* never looked into */
        blocks[i].slot_bytes = BLOCK_BYTES;
        blocks[i].size_class = CLASS;
        free_blocks[n_free++] = &blocks[i];
    }
}

int main(void)
{
    pthread_t threads[THREADS], working;
    start();
    pthread_create(&working, NULL, worker, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, mutator, (void *)(uintptr_t)(i + 1));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    stop = 1;
    pthread_join(working, NULL);
    CHECK(fake.pins >= ENOUGH_PINS);
    printf("engine under %d threads: %u pins, %u unpins, at most %d of %d blocks pinned: %s\n", THREADS, fake.pins,
           fake.unpins, most_pinned, CAP_BLOCKS, broken ? "BROKEN" : "ok");
    return broken;
}
