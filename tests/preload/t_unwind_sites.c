/* t_unwind_sites: two functions that allocate through a third.  Run by t_unwind_sites_told.sh.
 *
 * build: -rdynamic
 */
#include "t_malloc_help.h"

__attribute__((visibility("default"), noinline)) void *sites_helper(size_t bytes);
__attribute__((visibility("default"), noinline)) void sites_alpha(void);
__attribute__((visibility("default"), noinline)) void sites_beta(void);

void *sites_helper(size_t bytes)
{
    char *ptr = malloc(bytes);
    ptr[1] = 1;
    return opaque(ptr);
}

void sites_alpha(void)
{
    free(sites_helper(4 * MiB));
}

void sites_beta(void)
{
    free(sites_helper(4 * MiB));
}

int main(void)
{
    for (int i = 0; i < 10; i++) {
        sites_alpha();
        if (i % 2)
            sites_beta();
    }
    return 0;
}
