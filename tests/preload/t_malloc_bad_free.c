/* What a wrong free does: nothing, to anybody.  A pointer into a block is left alone with a message (looked for by
 * t_malloc_bad_free.sh); a block freed twice is not handed out twice. */
#include <malloc.h>

#include "t_malloc_help.h"

enum {
    LIVE = 12
};
static void (*volatile do_free)(void *) = free;

static void interior(size_t bytes)
{
    char *ptr = opaque(malloc(bytes));
    pattern_put(ptr, bytes, 1);
    do_free(ptr + 64);
    do_free(ptr + bytes / 2);
    do_free(ptr + bytes - 1);
    CHECK(pattern_holds(ptr, bytes, bytes, 1), "%zu bytes", bytes);
    CHECK(malloc_usable_size(ptr) >= bytes, "%zu bytes", bytes);
    do_free(ptr);
}

/* All blocks alive at once must be apart. */
static void apart(size_t bytes, const char *after)
{
    char *live[LIVE];
    for (int i = 0; i < LIVE; i++)
        pattern_put(live[i] = malloc(bytes), bytes, (uint64_t)i << 32);
    for (int i = 0; i < LIVE; i++)
        CHECK(pattern_holds(live[i], bytes, bytes, (uint64_t)i << 32), "%zu bytes, %s: block %d", bytes, after, i);
    for (int i = 0; i < LIVE; i++)
        free(live[i]);
}

static void twice(size_t bytes)
{
    char *ptr = opaque(malloc(bytes)), *other = malloc(bytes);
    pattern_put(other, bytes, 5);
    do_free(ptr);
    do_free(ptr);
    apart(bytes, "freed twice");
    ptr = opaque(malloc(bytes));
    do_free(ptr);
    sleep_ms(20); /* the worker may have been at it */
    do_free(ptr);
    do_free(ptr);
    apart(bytes, "freed three times");
    CHECK(pattern_holds(other, bytes, bytes, 5), "%zu bytes: a bystander", bytes);
    free(other);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "both";
    static const size_t sizes[] = {MiB, 3 * MiB, 40 * MiB};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (strcmp(what, "twice") != 0)
            interior(sizes[i]);
        if (strcmp(what, "interior") != 0)
            twice(sizes[i]);
    }
    return check_result();
}
