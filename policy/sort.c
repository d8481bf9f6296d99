/* See sort.h. */
#include "sort.h"

#include <string.h>

void sort_elements(void *elements, size_t n, size_t bytes, int (*before)(const void *a, const void *b))
{
    char *const base = elements, moving[SORT_BYTES_MOST];
    for (size_t gap = n / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < n; i++) {
            size_t at = i;
            memcpy(moving, base + i * bytes, bytes);
            for (; at >= gap && before(moving, base + (at - gap) * bytes); at -= gap)
                memcpy(base + at * bytes, base + (at - gap) * bytes, bytes);
            memcpy(base + at * bytes, moving, bytes);
        }
}
