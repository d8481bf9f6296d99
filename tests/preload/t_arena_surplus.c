/* Blocks that are served from where larger ones were, and stay, do not keep the rest of those resident without bound.
 *
 * usage: t_arena_surplus MIB     (of the smaller ones; the others have 32) */
#define _GNU_SOURCE
#include "t_malloc_help.h"

enum {
    BLOCKS = 24
};

int main(int argc, char **argv)
{
    static char *kept[BLOCKS];
    const size_t large = 32 * MiB, small = strtoul(argv[argc - 1], NULL, 10) * MiB;
    const long before = proc_number("/proc/self/status", "VmRSS:");
    for (int i = 0; i < BLOCKS; i++) {
        char *block = opaque(malloc(large));
        memset(block, 1, large);
        free(block);
        kept[i] = opaque(malloc(small));
        memset(kept[i], 2, small);
    }
    const long more = proc_number("/proc/self/status", "VmRSS:") - before, held = (long)(BLOCKS * small / KiB);
    CHECK(more < held + (long)(7 * large / KiB), "%ld KiB for %ld", more, held); /* free ones, surplus: 3 times each */
    for (int i = 0; i < BLOCKS; i++)
        free(kept[i]);
    return check_result();
}
