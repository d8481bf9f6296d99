/* t_arena_limited BYTES: uses large blocks while watching that VmLck stays below BYTES and errno as it was, and prints
 * a sum.  Run by t_arena_rule_29_report.sh under a low RLIMIT_MEMLOCK. */
#include <errno.h>

#include "t_malloc_help.h"

int main(int argc, char **argv)
{
    const long limit = argc > 1 ? atol(argv[1]) : (long)(GiB * GiB / 2);
    unsigned long sum = 0;
    for (int round = 0; round < 8; round++) {
        unsigned char *blocks[4];
        errno = 77; /* locks that fail, reservations that fail: none of that shows */
        for (unsigned i = 0; i < 4; i++)
            blocks[i] = memset(malloc((2 + 2 * i) * MiB), 1 + (int)i + round, (2 + 2 * i) * MiB);
        for (unsigned i = 0; i < 4; i++) {
            for (size_t at = 0; at < (2 + 2 * i) * MiB; at += 4096)
                sum += blocks[i][at] > 0 ? (unsigned long)blocks[i][at] / (1 + i + (unsigned)round) : 0;
            free(blocks[i]);
        }
        CHECK(errno == 77, "errno %d", errno);
        CHECK(vm_lck() <= limit, "%ld bytes are locked under a limit of %ld", vm_lck(), limit);
    }
    printf("sum %lu\n", sum);
    return check_result();
}
