/* calloc is zero whatever was freed before it: blocks never used, kept resident, given back, recycled locked; of the
 * same size, and of others that share their slots. */
#include <malloc.h>

#include "t_malloc_help.h"

static void *(*volatile do_malloc)(size_t) = malloc;
static void *(*volatile do_calloc)(size_t, size_t) = calloc;
static void *(*volatile do_realloc)(void *, size_t) = realloc;

static void dirty(size_t bytes)
{
    char *ptr = do_malloc(bytes);
    memset(ptr, 0xA5, malloc_usable_size(ptr));
    free(ptr);
}

static void expect_zero(size_t bytes, const char *after)
{
    char *ptr = do_calloc(1, bytes);
    CHECK(all_zero(ptr, bytes), "%zu bytes, %s", bytes, after);
    memset(ptr, 0x5A, malloc_usable_size(ptr));
    free(ptr);
}

static void same_size(size_t bytes)
{
    expect_zero(bytes, "at first");
    for (int i = 0; i < 4; i++)
        expect_zero(bytes, "after a calloc of the same size");
    for (int i = 0; i < 4; i++) {
        dirty(bytes);
        expect_zero(bytes, "after a malloc of the same size");
    }
}

/* The slot of a size class holds more than the block before it used. */
static void neighbours(size_t bytes)
{
    for (int i = 0; i < 3; i++) {
        dirty(bytes - 5000);
        expect_zero(bytes, "after a shorter one");
        dirty(bytes);
        expect_zero(bytes - 5000, "after a longer one");
    }
}

static void after_realloc(size_t bytes)
{
    char *ptr = do_malloc(bytes);
    memset(ptr, 0xA5, bytes);
    ptr = do_realloc(ptr, bytes - bytes / 8);
    memset(ptr, 0xA5, bytes - bytes / 8);
    ptr = do_realloc(ptr, bytes);
    memset(ptr, 0xA5, bytes);
    ptr = do_realloc(ptr, bytes * 2);
    memset(ptr, 0xA5, bytes * 2);
    free(ptr);
    expect_zero(bytes, "after realloc moved one away");
    expect_zero(bytes - bytes / 8, "after realloc shrank one");
    expect_zero(bytes * 2, "after realloc made one");
}

/* Several at once, so that each comes from another place. */
static void many(size_t bytes)
{
    enum {
        BLOCKS = 4
    };
    char *each[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        memset(each[i] = do_malloc(bytes), 0xA5, bytes);
    for (int i = 0; i < BLOCKS; i++)
        free(each[i]);
    for (int i = 0; i < BLOCKS; i++)
        each[i] = do_calloc(bytes / 16, 16);
    for (int i = 0; i < BLOCKS; i++) {
        CHECK(all_zero(each[i], bytes / 16 * 16), "%zu bytes, number %d", bytes, i);
        free(each[i]);
    }
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {70000, 600000, MiB - 1, MiB, MiB + 1, 2 * MiB + 4097, 9 * MiB, 33 * MiB};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        same_size(sizes[i]);
        neighbours(sizes[i]);
        after_realloc(sizes[i]);
        many(sizes[i]);
    }
    if (argc > 1 && strcmp(argv[1], "locked") == 0)
        CHECK(vm_lck() > 0, "nothing was locked: this run proves less than it says");
    return check_result();
}
