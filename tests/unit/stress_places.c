/* The places of preload/arena_hot.c under many threads; for ThreadSanitizer (make tsan), and run plain by make check.
 *
 * Checked whenever a thread comes to have a block: nobody else has it (rule 20).  In the end: every block lies in one
 * place or in the list, once, and what counts as kept is what they hold.  Threads change processors as they please. */
#define _GNU_SOURCE
#include "policy/block.h"
#include "stress_check.h"

#include <sched.h>

static int fake_processor(void);
static void let_others_in(void);
#define sched_getcpu          fake_processor
#define block_lay(block)      (let_others_in(), (block_lay)(block))
#define block_displace(block) (let_others_in(), (block_displace)(block))
#include "preload/arena_hot.c"

#include <pthread.h>

enum {
    THREADS = 8,
    BLOCKS = 20,
    HELD = 3,
    ROUNDS = 60000,
    CLASSES = 3
};

static const uint32_t class_of[CLASSES] = {2, 16, 1}; /* the first two share places */
static struct block blocks[BLOCKS], *list;
static _Atomic int owned[BLOCKS];
static _Atomic size_t kept;
static _Atomic unsigned quick, adopted, put, stolen, credited, lifted;
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static __thread unsigned state;

static unsigned any_below(unsigned n)
{
    state = state * 1103515245u + 12345u;
    return (state >> 16) % n;
}

static int fake_processor(void)
{
    return any_below(50) ? (int)(pthread_self() >> 12 & 1) : (int)any_below(2);
}

/* Where one step is done and the next is not. */
static void let_others_in(void)
{
    if (any_below(16) == 0)
        sched_yield();
}

static void push(struct block *block)
{
    CHECK(block_state(block) == BLOCK_GONE);
    pthread_mutex_lock(&list_lock);
    block->next = list;
    list = block;
    pthread_mutex_unlock(&list_lock);
}

static struct block *pop(struct block **from)
{
    struct block *block = *from;
    *from = block ? block->next : NULL;
    return block;
}

static struct block *has(struct block *block)
{
    CHECK(!atomic_exchange(&owned[block - blocks], 1));
    CHECK(block_state(block) == BLOCK_PLAIN);
    return block;
}

/* From the list or from somebody's place; it may get one here. */
static struct block *take_far(unsigned which)
{
    size_t credit = 0;
    struct block *block;
    if (which == 0) {
        pthread_mutex_lock(&list_lock);
        block = pop(&list);
        pthread_mutex_unlock(&list_lock);
    } else {
        block = hot_take_any(1, 16, &credit);
        stolen += block != NULL;
    }
    kept -= credit;
    if (block && hot_adopt(block))
        adopted++;
    else if (block)
        kept -= block->slot_bytes;
    return block;
}

/* `last`: one that this thread has had. */
static struct block *take(struct block *last)
{
    struct block *block = any_below(2) ? last : hot_here(class_of[any_below(CLASSES)]);
    if (block && block_take(block)) {
        quick++;
        return has(block);
    }
    block = any_below(2) ? hot_take_near(1, 16) : take_far(any_below(2));
    if (!block)
        return NULL;
    block_born(block);
    return has(block);
}

static void put_back(struct block *block)
{
    size_t credit = 0;
    if (block_return(block))
        return;
    kept += block->slot_bytes;
    struct block *before = hot_put(block, &credit);
    put++;
    kept -= credit;
    if (before)
        push(before);
}

static void give(struct block *block)
{
    CHECK(atomic_exchange(&owned[block - blocks], 0));
    if (any_below(4) && block_leave(block))
        return;
    CHECK(block_free(block) == NEXT_RELEASE);
    put_back(block);
}

static void lift_all(void)
{
    struct block *block;
    for (unsigned at = 0; (block = hot_lift(&at)); lifted++) {
        CHECK(!owned[block - blocks]);
        put_back(block);
    }
}

static void take_credits(void)
{
    struct block *freed = NULL, *block;
    const size_t bytes = hot_credits(4), found = hot_take_credits(bytes, &freed);
    kept -= found;
    credited += found != 0;
    while ((block = pop(&freed)))
        push(block);
}

static void *work(void *seed)
{
    struct block *held[HELD] = {0}, *last[HELD] = {0};
    state = *(unsigned *)seed;
    for (int i = 0; i < ROUNDS; i++) {
        const unsigned at = any_below(HELD);
        if (held[at]) {
            last[at] = held[at];
            give(held[at]);
            held[at] = NULL;
        } else if (any_below(20) == 0) {
            take_credits();
        } else if (any_below(40) == 0) {
            lift_all();
        } else {
            held[at] = take(last[at]);
        }
    }
    for (int i = 0; i < HELD; i++)
        if (held[i])
            give(held[i]);
    return NULL;
}

static void check_end(void)
{
    unsigned found[BLOCKS] = {0};
    size_t bytes = 0;
    for (struct block *block = list; block; block = block->next)
        found[block - blocks]++;
    for (unsigned i = 0; i < PROCESSORS * PLACES; i++) {
        struct block *block = look(&processors[i / PLACES].place[i % PLACES]);
        if (block) {
            CHECK(block_word(block) == (BLOCK_READY | WORD_PLACED));
            found[block - blocks]++;
        }
    }
    for (int i = 0; i < BLOCKS; i++) {
        CHECK(found[i] == 1);
        bytes += found[i] * blocks[i].slot_bytes;
    }
    CHECK(bytes == kept);
}

int main(void)
{
    pthread_t thread[THREADS];
    unsigned seed[THREADS];
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i].size_class = class_of[i % CLASSES];
        blocks[i].slot_bytes = blocks[i].size_class;
        kept += blocks[i].slot_bytes;
        push(&blocks[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        seed[i] = i + 1;
        CHECK(pthread_create(&thread[i], NULL, work, &seed[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    check_end();
    CHECK(quick && adopted && put && stolen && credited && lifted);
    printf("places under %d threads: %u quick, %u adopted, %u put, %u from elsewhere, %u credits, %u lifted: %s\n",
           THREADS, quick, adopted, put, stolen, credited, lifted, broken ? "BROKEN" : "ok");
    return broken;
}
