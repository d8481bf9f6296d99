/* Threads allocate, resize and free blocks of 16 bytes to 96 MiB at random, their own and each other's, for some
 * seconds; every block carries a pattern that is checked whenever it changes hands.
 *
 *   t_malloc_storm [seconds=N] [seed=N] [needs=LIBRARY]        needs: skipped unless that library is in the process
 *
 * build: -pthread -lm
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "t_malloc_help.h"

enum {
    THREADS = 6,
    SLOTS = 96
};
static const size_t LIVE_MOST = 512 * MiB;

/* A block in a slot is nobody's; whoever exchanges it out owns it. */
struct held {
    char *ptr;
    size_t bytes;
    uint64_t seed;
};
static _Atomic(struct held *) slots[SLOTS];
static _Atomic size_t live_bytes;
static _Atomic long done;
static double until;
static uint64_t first_seed = 1;
static int over_mimalloc;

/* Small ones are many, large ones few. */
static size_t random_size(uint64_t *random)
{
    const double unit = (double)(random_next(random) >> 11) * 0x1p-53;
    const double log2_bytes = 4 + unit * unit * unit * 22.58; /* 16 B .. 96 MiB */
    return (size_t)exp2(log2_bytes);
}

/* mimalloc 2.0.9 aligns blocks of 256, 512 and 1024 bytes to 128 at most, whatever it is asked for
 * (github.com/microsoft/mimalloc/issues/700). */
static size_t alignment_kept(size_t align, size_t bytes)
{
    const int lost = over_mimalloc && (bytes == 256 || bytes == 512 || bytes == 1024) && align <= bytes;
    return lost && align > 128 ? 128 : align;
}

static char *allocate(uint64_t *random, size_t bytes)
{
    const size_t align = alignment_kept((size_t)16 << random_next(random) % 18, bytes);
    void *ptr = NULL;
    switch (random_next(random) % 6) {
    case 0:
        ptr = calloc(1, bytes);
        CHECK(all_zero(ptr, bytes), "calloc of %zu bytes", bytes);
        return ptr;
    case 1:
        CHECK(posix_memalign(&ptr, align, bytes) == 0 && (uintptr_t)ptr % align == 0, "%zu for %zu", align, bytes);
        return ptr;
    case 2:
        return realloc(NULL, bytes);
    default:
        return malloc(bytes);
    }
}

static void check_held(const struct held *held, const char *when)
{
    CHECK(pattern_holds(held->ptr, held->bytes, held->bytes, held->seed), "%zu bytes at %p, %s", held->bytes,
          (void *)held->ptr, when);
    CHECK(malloc_usable_size(held->ptr) >= held->bytes, "%zu bytes, %s", held->bytes, when);
}

static void drop(struct held *held)
{
    check_held(held, "before free");
    free(held->ptr);
    live_bytes -= held->bytes;
    free(held);
}

static void resize(struct held *held, uint64_t *random)
{
    size_t bytes = random_next(random) % 2 ? random_size(random) : held->bytes / 4 * (2 + random_next(random) % 5) + 1;
    if (bytes > 96 * MiB || live_bytes + bytes > LIVE_MOST)
        bytes = held->bytes / 2 + 1;
    check_held(held, "before realloc");
    char *ptr = realloc(held->ptr, bytes);
    CHECK(ptr, "realloc from %zu to %zu bytes", held->bytes, bytes);
    CHECK(pattern_holds(ptr, bytes < held->bytes ? bytes : held->bytes, held->bytes, held->seed),
          "realloc from %zu to %zu bytes", held->bytes, bytes);
    live_bytes += bytes - held->bytes;
    *held = (struct held){ptr, bytes, random_next(random)};
    pattern_put(ptr, bytes, held->seed);
}

static struct held *make(uint64_t *random)
{
    size_t bytes = random_size(random);
    struct held *held = malloc(sizeof *held);
    if (live_bytes + bytes > LIVE_MOST)
        bytes %= 60000;
    bytes += !bytes;
    *held = (struct held){allocate(random, bytes), bytes, random_next(random)};
    CHECK(held->ptr, "%zu bytes", bytes);
    live_bytes += bytes;
    pattern_put(held->ptr, bytes, held->seed);
    return held;
}

static void *run(void *arg)
{
    uint64_t random = first_seed * 0x9E3779B97F4A7C15ull + (uint64_t)(uintptr_t)arg;
    while (now_s() < until && !check_failures) {
        const unsigned at = (unsigned)(random_next(&random) % SLOTS);
        struct held *held = atomic_exchange(&slots[at], NULL);
        if (!held)
            held = make(&random);
        else if (random_next(&random) % 3 == 0)
            resize(held, &random);
        else {
            drop(held);
            held = NULL;
        }
        held = held ? atomic_exchange(&slots[at], held) : NULL; /* another may have been put there meanwhile */
        if (held)
            drop(held);
        done++;
    }
    return NULL;
}

static const char *word(int argc, char **argv, const char *name)
{
    const size_t len = strlen(name);
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], name, len) == 0)
            return argv[i] + len;
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    const char *seconds = word(argc, argv, "seconds="), *seed = word(argc, argv, "seed="),
               *needs = word(argc, argv, "needs=");
    if (needs && !dlopen(needs, RTLD_NOLOAD | RTLD_NOW)) {
        printf("%s is not installed\n", needs);
        return 77;
    }
    over_mimalloc = needs && strstr(needs, "mimalloc");
    first_seed = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid();
    until = now_s() + (seconds ? atof(seconds) : 2);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, run, (void *)(i + 1)) == 0, "thread %zu", i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < SLOTS; i++)
        if (slots[i])
            drop(slots[i]);
    CHECK(live_bytes == 0, "%zu bytes", (size_t)live_bytes);
    printf("seed=%llu: %ld rounds\n", (unsigned long long)first_seed, (long)done);
    return check_result();
}
