/* Guarded entry points: passed through, and kept correct where their host side meets a block of autopin's.
 *
 * Between guard_begin() and guard_end() the blocks are neither unpinned nor recycled; one that would need several
 * registrations is not pinned at all meanwhile, since such a call cannot be cut at their borders.  Context: driver
 * hook. */
#ifndef AUTOPIN_GUARD_H
#define AUTOPIN_GUARD_H

#include "cuda_min.h"
#include "policy/block.h"

enum {
    GUARD_FEW = 8
};

struct guarded {
    struct block *block;
    int claimed; /* kept from being pinned until the end */
};

struct guard {
    int async, per_thread;
    CUstream stream;
    size_t n, n_mapped;
    struct guarded few[GUARD_FEW], *many; /* `many`: all of them, once they no longer fit */
    int promoted;                         /* one of them was pinned or being pinned */
    int capturing;
};

/* Adds the block that holds a host address, if it is one of autopin's. */
void guard_add(struct guard *guard, uintptr_t host);

/* The host sides of a 2D or 3D copy. */
void guard_add_2d(struct guard *guard, const struct cu_memcpy2d *copy);
void guard_add_3d(struct guard *guard, const struct cu_memcpy3d *copy);

void guard_begin(struct guard *guard);

/* Keeps the promise of an asynchronous call (rule 10), lets the blocks go, and returns the result for the program. */
CUresult guard_end(struct guard *guard, CUresult result);

/* A graph names these addresses: their blocks stay as they are for ever (rule 14), once an unpin under way is over. */
void guard_hold_3d(const struct cu_memcpy3d *copy);
void guard_hold(uintptr_t host);
void guard_hold_block(struct block *block);

#endif
