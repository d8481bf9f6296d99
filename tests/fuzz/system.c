/* policy/prim.h for the targets without the command, beside tests/unit/fake_prim.c: memory whose borders a sanitizer
 * knows. */
#include "policy/prim.h"

#include <stdlib.h>

void *prim_map(size_t bytes)
{
    return calloc(1, bytes);
}

void prim_unmap(void *mem, size_t bytes)
{
    (void)bytes;
    free(mem);
}
