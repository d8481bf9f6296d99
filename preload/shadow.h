/* Shadows: memory of autopin's own that stands in for the host side of a copy, so that the driver need not see the
 * block.
 *
 * A shadow is pageable, is never pinned, and holds the rows of the copy without what lies between them in the block:
 * those bytes are the program's and are neither read nor written.  Owns that memory.  No lock.  Context: driver hook.
 */
#ifndef AUTOPIN_SHADOW_H
#define AUTOPIN_SHADOW_H

#include <stddef.h>
#include <stdint.h>

/* The bytes of one side of a copy: rows, and slices of rows. */
struct box {
    uintptr_t first;
    size_t width, height, depth; /* bytes of a row, rows of a slice, slices */
    size_t pitch, slice;         /* bytes from row to row and from slice to slice */
    int loose;                   /* its shadow has the same pitch and slice; else it is packed */
    size_t lead;                 /* bytes that its shadow has before the first, never used */
};

enum {
    SHADOW_IN = 1,  /* the rows are copied into it at once */
    SHADOW_OUT = 2, /* … and out of it in the end */
    SHADOW_LATE = 4 /* the driver may use it until the stream has come to the call: the caller's to wait for */
};

struct shadow;

/* Bytes of all rows; SIZE_MAX when there are too many to count. */
size_t box_bytes(const struct box *box);

/* Whether the box lies within these bytes, and no row of it within another. */
int box_is_within(const struct box *box, uintptr_t from, size_t bytes);

/* Adds a shadow to the list.  Returns its first byte; NULL when there is not memory enough for it. */
char *shadow_add(struct shadow **list, const struct box *box, int ways);

/* Ends all of them.  `arrived` == 0: the driver wrote nothing, and only what was copied in before is copied out. */
void shadow_end(struct shadow *list, int arrived);

#endif
