/* Large blocks of ever different sizes, and buffers that grow by realloc: no more page faults than without autopin, and
 * nothing locked that is not asked for again (rules 38 and 49).  t_arena_rule_49_sizes.sh compares.
 *
 *   t_arena_sizes print      prints the page faults of each part */
#include <sys/resource.h>

#include "t_malloc_help.h"

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static long changing_sizes(void)
{
    const long before = faults();
    for (size_t i = 0; i < 40; i++) {
        const size_t bytes = (1 + i % 20) * MiB;
        char *ptr = malloc(bytes + i);
        memset(ptr, 1, bytes + i);
        ptr = realloc(ptr, 2 * bytes);
        CHECK(ptr && ptr[bytes - 1] == 1, "%zu bytes after realloc", bytes);
        free(ptr);
    }
    return faults() - before;
}

static long growing(size_t step)
{
    const long before = faults();
    for (int round = 0; round < 3; round++) {
        char *ptr = NULL;
        for (size_t bytes = 0; bytes < 128 * MiB; bytes += step) {
            ptr = realloc(ptr, bytes + step);
            memset(ptr + bytes, round + 1, step);
        }
        for (size_t at = 0; at < 128 * MiB; at += 4096)
            CHECK(ptr[at] == round + 1, "another byte at %zu", at);
        free(ptr);
    }
    return faults() - before;
}

int main(int argc, char **argv)
{
    const long parts[] = {changing_sizes(), growing(MiB / 4), growing(MiB), growing(8 * MiB)};
    for (int i = 0; argc > 1 && strcmp(argv[1], "print") == 0 && i < 4; i++)
        printf("%ld\n", parts[i]);
    return check_result();
}
