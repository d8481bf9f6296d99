/* The engine under many threads and an arena that is only pretended; for ThreadSanitizer (make tsan), and run plain by
 * make check.
 *
 * Checked at every pin, unpin and release, whoever makes it: no block is pinned twice (rule 30), none is released while
 * pinned (rule 20) or while a copy of it is under way (rule 23), and the cap is never exceeded, not even for an instant
 * (rule 32).  The program has a main() of its own because Criterion's sandboxes and ThreadSanitizer exclude each other.
 */
#include "policy/history.h"
#include "stress_world.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

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

static int none(const struct block *block, const void *what)
{
    return block == what;
}

/* The application registers the block for a while: nobody else pins it meanwhile. */
static void claim(struct block *block)
{
    engine_app_claim(block);
    claims[block - blocks]++;
    CHECK(!pinned[block - blocks] || (block_word(block) & WORD_HELD));
    sched_yield();
    CHECK(!pinned[block - blocks] || (block_word(block) & WORD_HELD));
    claims[block - blocks]--;
    engine_app_release(block);
    happened[CLAIM]++;
}

static void hold(struct block *block)
{
    if (atomic_fetch_add(&held, 1) >= HELD_MOST)
        return;
    engine_hold(block);
    happened[HOLD]++;
}

static void resize(struct block *block)
{
    if (!block_move_begin(block))
        return;
    CHECK(!pinned[block - blocks]);
    engine_resized(block, block->bytes == BLOCK_BYTES ? BLOCK_BYTES / 2 : BLOCK_BYTES);
    block_move_end(block);
    happened[RESIZE]++;
}

/* What fork() does in the parent: while it holds the locks, nothing is pinned or unpinned. */
static void fork_parent(void)
{
    pthread_mutex_lock(&fork_lock);
    engine_fork_take();
    lock_forking = LOCK_FORKING;
    forking = 1;
    sched_yield();
    forking = 0;
    lock_forking = 0;
    engine_fork_parent();
    pthread_mutex_unlock(&fork_lock);
    happened[FORK]++;
}

/* The driver turns up: what mlock holds is let go. */
static void switch_backend(void)
{
    static _Atomic int done;
    if (atomic_exchange(&done, 1))
        return;
    engine_use_backend(BACKEND_CUDA);
    happened[SWITCH]++;
}

/* One of those who concern all blocks. */
static void rarely(unsigned which)
{
    if (which == 0)
        engine_demote_matching(any, NULL);
    else if (which == 1)
        engine_lose_matching(any, NULL), happened[LOSE]++;
    else if (which == 2)
        engine_drop_queue(), happened[DROP]++;
    else if (which == 3)
        engine_lose_matching(none, &blocks[0]);
    else
        fork_parent();
}

static void act(struct block *block, unsigned action, int own)
{
    if (action < 40)
        copy(block);
    else if (action == 60)
        engine_demote(block);
    else if (action == 61)
        claim(block);
    else if (action == 62)
        hold(block);
    else if (action == 63 && own)
        engine_taint(block), happened[TAINT]++;
    else if (action == 59 && own)
        resize(block);
    else if (action == 58)
        engine_huge(block);
}

static void *mutator(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument * 2654435761u + 1;
    struct block *mine[LIVE] = {NULL}, *before = NULL;
    for (int i = 0; (i < ROUNDS || fake.pins < ENOUGH_PINS) && i < 100 * ROUNDS && !broken; i++) {
        if (i % 64 == 0)
            sched_yield(); /* the worker's turn, on a machine of few cores */
        if (i == ROUNDS / 4)
            switch_backend();
        seed = seed * 1103515245u + 12345u;
        struct block **slot = &mine[(seed >> 8) % LIVE];
        unsigned action = (seed >> 16) % 64;
        if (i % 512 == 511)
            rarely((seed >> 12) % 6);
        if (i % 8 == 7)
            act(shared[seed % SHARED], action, 0);
        if (!*slot)
            *slot = take(sites[(seed >> 12) % SITES], before);
        if (!*slot)
            continue;
        if (action >= 40 && action < 58) {
            before = *slot;
            engine_free(*slot);
            *slot = NULL;
        } else {
            act(*slot, action, 1);
        }
    }
    for (int i = 0; i < LIVE; i++)
        if (mine[i])
            engine_free(mine[i]);
    return NULL;
}

/* The history is written meanwhile by whoever pins and copies. */
static void read_history(void)
{
    static struct history_point points[HISTORY_POINTS];
    const unsigned n = history_read(points, prim_now_ns());
    CHECK(n >= 1 && n <= HISTORY_POINTS);
    for (unsigned i = 1; i + 1 < n; i++) {
        CHECK(points[i].time_ns > points[i - 1].time_ns);
        CHECK(points[i].pinned_bytes <= CAP_BYTES);
        CHECK(points[i].count[DIR_H2D][WAY_PLAIN].bytes >= points[i - 1].count[DIR_H2D][WAY_PLAIN].bytes);
    }
}

static void *worker(void *argument)
{
    while (!stop) {
        engine_work();
        read_history();
    }
    return argument;
}

static void start(void)
{
    static struct options options;
    static const char conf[] =
        "[limits]\nmax_pinned = 12M\nmin_free = 0\n[promotion]\npromote = after=2\nidle_timeout = 100ms\n";
    fake_reset();
    fake.tallies = 1;
    fake.step_ns = 1000;
    fake.on_pin = on_pin;
    fake.on_unpin = on_unpin;
    fake.on_release = on_release;
    CHECK(fake_load(&options, conf, sizeof conf - 1) == 0);
    engine_start(&options);
    sites_start(&options);
    engine_use_backend(BACKEND_MLOCK);
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
    for (int i = 0; i < SHARED; i++)
        shared[i] = take(sites[i], NULL);
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
    for (int i = 0; i < SHARED; i++)
        engine_free(shared[i]);
    CHECK(fake.pins >= ENOUGH_PINS);
    for (size_t i = 0; i < sizeof happened / sizeof *happened; i++)
        if (happened[i] == 0) {
            fprintf(stderr, "never happened: %s\n", events[i]);
            broken = 1;
        }
    printf("engine under %d threads: %u pins, %u unpins, at most %zu of %d MiB pinned: %s\n", THREADS, fake.pins,
           fake.unpins, most_pinned >> 20, CAP_BYTES >> 20, broken ? "BROKEN" : "ok");
    return broken;
}
