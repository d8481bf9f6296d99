/* reallocarray() and free() belong together, also where something else stands in for free(): valgrind does, but has no
 * reallocarray() of its own.  t_arena_rule_44_limits.sh runs this program under valgrind. */
#define _GNU_SOURCE
#include "t_malloc_help.h"

int main(void)
{
    unsigned char *block = reallocarray(NULL, 3, MiB);
    memset(block, 7, 3 * MiB);
    block = reallocarray(block, 8, MiB);
    CHECK(block[0] == 7 && block[3 * MiB - 1] == 7, "moved: %d %d", block[0], block[3 * MiB - 1]);
    block = realloc(block, 2 * MiB);
    CHECK(block[0] == 7, "shrunk: %d", block[0]);
    free(block);
    return check_result();
}
