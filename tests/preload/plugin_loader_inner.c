/* What plugin_loader_outer.c opens: it answers 42, and frees what the program allocates. */
#include <stdlib.h>

__attribute__((visibility("default"))) int loader_inner(void);
__attribute__((visibility("default"))) void loader_inner_free(void *ptr);

int loader_inner(void)
{
    return 42;
}

void loader_inner_free(void *ptr)
{
    free(ptr);
}
