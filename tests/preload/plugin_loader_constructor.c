/* Allocates large blocks in its constructor, while the loader's lock is held, and in its destructor. */
#include <stdlib.h>
#include <string.h>

static char *kept;

__attribute__((constructor)) static void constructor(void)
{
    for (int i = 0; i < 3; i++) {
        free(kept);
        kept = malloc(4u << 20);
        memset(kept, 1, 4u << 20);
    }
}

__attribute__((destructor)) static void destructor(void)
{
    free(kept);
    kept = calloc(5, 1u << 20);
    free(kept);
}
