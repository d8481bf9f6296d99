/* Asks for more memory than the machine could ever give, and for what it may well give, and prints the answers.
 * Compared with and without autopin by t_arena_rule_35_overcommit.sh. */
#include <errno.h>

#include "t_malloc_help.h"

static size_t meminfo(const char *key)
{
    const long kib = proc_number("/proc/meminfo", key);
    CHECK(kib >= 0, "no %s", key);
    return (size_t)kib * KiB;
}

static void say(const char *what, void *ptr)
{
    const int error = errno;
    printf("%s: %s, errno %d\n", what, ptr ? "given" : "NULL", ptr ? 0 : error);
    if (ptr)
        ((volatile char *)ptr)[0] = 1;
    free(ptr);
    errno = 0;
}

int main(void)
{
    const size_t all = meminfo("MemTotal:") + meminfo("SwapTotal:"), too_much = all + GiB;
    void *aligned = NULL;
    char *grown = malloc(3 * MiB);
    pattern_put(grown, 3 * MiB, 1);
    for (int round = 0; round < 3; round++) { /* the first of a size, and later ones */
        errno = 0;
        say("malloc", opaque(malloc(too_much)));
        say("calloc", opaque(calloc(too_much / 16, 16)));
        say("aligned_alloc", opaque(aligned_alloc(4096, too_much & ~(size_t)4095)));
        printf("posix_memalign: %d\n", posix_memalign(&aligned, 4096, too_much));
        char *more = opaque(realloc(grown, too_much));
        printf("realloc: %s, errno %d\n", more ? "given" : "NULL", more ? 0 : errno);
        grown = more ? more : grown;
        CHECK(pattern_holds(grown, 3 * MiB, 3 * MiB, 1), "other bytes after realloc");
        say("malloc of half of it", opaque(malloc(all / 2)));
        say("malloc of 64 MiB", opaque(malloc(64 * MiB)));
    }
    free(grown);
    return check_result();
}
