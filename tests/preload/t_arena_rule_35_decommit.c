/* A program that takes the access to its memory away and then drops the pages, as allocators do: both are done, and
 * nothing of autopin's writes there (rule 35). */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "t_malloc_help.h"

static void decommit(size_t bytes, int protection)
{
    char *ptr = opaque(aligned_alloc(2 * MiB, bytes));
    memset(ptr, 7, bytes);
    CHECK(mprotect(ptr, bytes, protection) == 0, "errno %d", errno);
    CHECK(madvise(ptr, bytes, MADV_DONTNEED) == 0, "errno %d", errno);
    CHECK(mprotect(ptr, bytes, PROT_READ | PROT_WRITE) == 0, "errno %d", errno);
    CHECK(all_zero(ptr, bytes), "protection %d", protection);
    free(ptr);
}

int main(void)
{
    const size_t bytes = 16 * MiB;
    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < 4; i++) { /* so that the next one is a recycled one */
            char *ptr = opaque(aligned_alloc(2 * MiB, bytes));
            pattern_put(ptr, bytes, (uint64_t)i);
            CHECK(pattern_holds(ptr, bytes, bytes, (uint64_t)i), "round %d", round);
            free(ptr);
        }
        decommit(bytes, round % 2 ? PROT_NONE : PROT_READ);
    }
    return check_result();
}
