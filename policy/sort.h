/* Sorting in place: qsort() of glibc 2.36 calls malloc. */
#ifndef AUTOPIN_SORT_H
#define AUTOPIN_SORT_H

#include <stddef.h>

enum {
    SORT_BYTES_MOST = 128 /* of an element */
};

/* Puts n elements of so many bytes in order, where before(a, b) says whether a stands before b, and is never true both
 * ways.  Shell's sort: equal ones may change places. */
void sort_elements(void *elements, size_t n, size_t bytes, int (*before)(const void *a, const void *b));

#endif
