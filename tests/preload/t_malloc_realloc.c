/* realloc keeps what was there, in both directions, across min_size, in place and by moving pages (rule 24 when
 * locked). */
#include <malloc.h>
#include <sys/resource.h>

#include "t_malloc_help.h"

static void *(*volatile do_malloc)(size_t) = malloc;
static void *(*volatile do_realloc)(void *, size_t) = realloc;

static const size_t sizes[] = {1,           100,         4096,        65535,        65536,       65537,
                               500000,      MiB - 1,     MiB,         MiB + 1,      MiB + 70000, 2 * MiB,
                               2 * MiB + 1, 5 * MiB + 3, 8 * MiB - 1, 31 * MiB + 5, 33 * MiB};
enum {
    SIZES = sizeof sizes / sizeof *sizes
};

static char *resized(char *ptr, size_t from, size_t to, uint64_t seed)
{
    pattern_put(ptr, from, seed);
    ptr = do_realloc(ptr, to);
    CHECK(ptr, "from %zu to %zu bytes", from, to);
    CHECK(malloc_usable_size(ptr) >= to, "from %zu to %zu bytes: %zu usable", from, to, malloc_usable_size(ptr));
    CHECK(pattern_holds(ptr, from < to ? from : to, from, seed), "from %zu to %zu bytes", from, to);
    return ptr;
}

static void every_pair(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int j = 0; j < SIZES; j++) {
            char *ptr = resized(do_malloc(sizes[i]), sizes[i], sizes[j], (uint64_t)(i * SIZES + j) << 20);
            ptr = resized(ptr, sizes[j], sizes[i], 7);
            free(ptr);
        }
}

static void walk(uint64_t seed)
{
    size_t from = 1;
    char *ptr = do_malloc(from);
    for (int i = 0; i < 200; i++) {
        const size_t to = 1 + random_next(&seed) % ((size_t)1 << (10 + random_next(&seed) % 16));
        ptr = resized(ptr, from, to, seed);
        from = to;
    }
    free(ptr);
}

/* A vector that grows by pushing at its end, as programs do. */
static void vector(void)
{
    size_t room = 1000, filled = 0;
    char *ptr = do_malloc(room);
    while (room < 40 * MiB) {
        for (; filled < room; filled++)
            ptr[filled] = (char)(filled * 31 >> 4);
        room += room / 2;
        ptr = do_realloc(ptr, room);
    }
    size_t wrong = 0;
    for (size_t i = 0; i < filled; i++)
        wrong += ptr[i] != (char)(i * 31 >> 4);
    CHECK(wrong == 0, "%zu of %zu bytes", wrong, filled);
    free(ptr);
}

/* Growing a large block moves its pages instead of touching new ones; within its slot it does not even move. */
static void cheap(void)
{
    struct rusage before, after;
    char *ptr = do_malloc(64 * MiB);
    pattern_put(ptr, 64 * MiB, 9);
    getrusage(RUSAGE_SELF, &before);
    ptr = do_realloc(ptr, 200 * MiB);
    getrusage(RUSAGE_SELF, &after);
    CHECK(after.ru_minflt - before.ru_minflt < 4096, "%ld faults", after.ru_minflt - before.ru_minflt);
    CHECK(pattern_holds(ptr, 64 * MiB, 64 * MiB, 9), "after moving to %p", (void *)ptr);
    free(ptr);
    char *const first = do_malloc(8 * MiB);
    const uintptr_t at = (uintptr_t)first;
    char *second = resized(first, 8 * MiB, 7 * MiB, 3);
    CHECK((uintptr_t)second == at, "shrunk from %#zx to %p", at, (void *)second);
    second = resized(second, 7 * MiB, 8 * MiB, 4);
    CHECK((uintptr_t)second == at, "grown back from %#zx to %p", at, (void *)second);
    free(second);
}

int main(int argc, char **argv)
{
    every_pair();
    for (uint64_t seed = 1; seed < 5; seed++)
        walk(seed * 0x9E3779B97F4A7C15ull);
    vector();
    if (argc > 1 && strcmp(argv[1], "cheap") == 0)
        cheap();
    return check_result();
}
