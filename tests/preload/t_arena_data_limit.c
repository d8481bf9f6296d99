/* Blocks of random sizes under a limit on data (ulimit -d): free slots do not use it up. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/resource.h>

#include "t_malloc_help.h"

enum {
    LIVE = 4,
    ROUNDS = 4000
};

int main(void)
{
    const struct rlimit limit = {150 * MiB, 150 * MiB};
    char *block[LIVE] = {0};
    unsigned random = 1;
    int failed = 0;
    CHECK(setrlimit(RLIMIT_DATA, &limit) == 0, "errno %d", errno);
    for (int i = 0; i < ROUNDS; i++) {
        random = random * 1103515245u + 12345u;
        const size_t bytes = MiB + (size_t)(random >> 8) % (15 * MiB);
        free(block[i % LIVE]);
        block[i % LIVE] = opaque(malloc(bytes));
        failed += block[i % LIVE] == NULL;
        if (block[i % LIVE])
            block[i % LIVE][0] = block[i % LIVE][bytes - 1] = 1;
    }
    CHECK(failed == 0, "%d of %d allocations failed", failed, ROUNDS);
    return check_result();
}
