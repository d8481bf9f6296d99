/* Locked bytes are counted page-exact: VmLck equals what the blocks in quarantine hold, goes with them when they idle,
 * and equals the report's figure (rule 29; the report is compared by t_arena_rule_29_report.sh).
 *
 *   t_arena_rule_29_locked [idle|background]     idle: waits until everything is unlocked again */
#include <malloc.h>

#include "t_malloc_help.h"

enum {
    SIZES = 6
};
static const size_t sizes[SIZES] = {MiB, MiB + 1, 2 * MiB - 5, 3 * MiB + 4096, 7 * MiB + 12345, 33 * MiB + 1};

static long pages(size_t bytes)
{
    return (long)((bytes + 4095) & ~(size_t)4095);
}

static void one_of_each(void)
{
    char *each[SIZES];
    for (int i = 0; i < SIZES; i++)
        pattern_put(each[i] = malloc(sizes[i]), sizes[i], (uint64_t)i);
    for (int i = 0; i < SIZES; i++) {
        CHECK(pattern_holds(each[i], sizes[i], sizes[i], (uint64_t)i), "%zu bytes", sizes[i]);
        free(each[i]);
    }
}

int main(int argc, char **argv)
{
    const int idle = argc > 1 && strcmp(argv[1], "idle") == 0;
    const int background = argc > 1 && strcmp(argv[1], "background") == 0;
    long expected = 0;
    for (int i = 0; i < SIZES; i++)
        expected += pages(sizes[i]);
    /* In the background a block may be locked and not yet be known to be, when the next one of its size is asked for.
     */
    const long most = background ? 2 * expected : expected;
    CHECK(vm_lck() == 0, "%ld bytes are locked at the start", vm_lck());
    for (int round = 0; round < 4; round++) {
        one_of_each();
        if (!idle || round == 0)
            CHECK(vm_lck_becomes(expected, most) >= expected, "round %d: VmLck %ld, expected %ld", round, vm_lck(),
                  expected);
    }
    if (idle) {
        CHECK(vm_lck_becomes(0, 0) == 0, "VmLck %ld long after the last use", vm_lck());
        one_of_each();
        CHECK(vm_lck_becomes(1, expected) > 0, "nothing is locked again after the idle time");
    }
    printf("VmLck %ld\n", vm_lck());
    return check_result();
}
