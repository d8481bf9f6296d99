/* A program that locks memory while the process ends, and may not: it is told so, once, although autopin has locked
 * memory that it cannot unlock any more (rule 35). */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "t_malloc_help.h"

static void at_end(void)
{
    alarm(100);
    errno = 0;
    const int result = mlock((void *)0x10000, 4096); /* nothing is mapped there */
    CHECK(result == -1 && errno == ENOMEM, "%d, errno %d", result, errno);
    if (check_result())
        _exit(1);
}

int main(void)
{
    atexit(at_end); /* before autopin's own handler is registered: it runs after it */
    for (int i = 0; i < 6; i++) {
        char *ptr = opaque(malloc(64 * MiB));
        pattern_put(ptr, 64 * MiB, (uint64_t)i);
        free(ptr);
    }
    return check_result();
}
