/* Another preloaded wrapper, before or after libautopin.so, finds with RTLD_NEXT what comes after itself (rule 1), and
 * every malloc passes it. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "t_malloc_help.h"

int main(void)
{
    long (*mallocs)(void) = (long (*)(void))dlsym(RTLD_DEFAULT, "front_mallocs");
    CHECK(mallocs, "the wrapper is not loaded");
    CHECK(getppid() > 1000000000, "getppid through the wrapper: %d", (int)getppid());
    const long before = mallocs ? mallocs() : 0;
    for (int i = 0; i < 100; i++) {
        char *small = opaque(malloc(100)), *large = opaque(malloc(3 * MiB));
        CHECK(small && large, "%p and %p", (void *)small, (void *)large);
        pattern_put(large, 3 * MiB, 1);
        free(small);
        free(large);
    }
    CHECK(!mallocs || mallocs() - before >= 100, "%ld calls passed the wrapper", mallocs() - before);
    return check_result();
}
