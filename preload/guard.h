/* Guarded entry points: passed through, and kept correct where their host side meets a block of autopin's.
 *
 * Between guard_begin() and guard_end() the blocks are neither unpinned nor recycled; one that would need several
 * registrations is not pinned at all meanwhile, since such a call cannot be cut at their borders.
 *
 * A block that is just being unpinned is not waited for: the driver may be waiting for a stream that waits for this
 * very thread.  The driver is given a shadow (shadow.h) in its place, as linear copies use bounce buffers.  Where that
 * cannot be (memory is short, the copy leaves the block or is not understood, or a graph is being captured) the unpin
 * is waited for after all.  Context: driver hook. */
#ifndef AUTOPIN_GUARD_H
#define AUTOPIN_GUARD_H

#include "cuda_min.h"
#include "policy/block.h"
#include "shadow.h"

enum {
    GUARD_FEW = 8
};

struct guarded {
    struct block *block;
    uint32_t word;            /* as the operation began, or as the unpin had ended */
    uint32_t sides, shadowed; /* sides of copies in it; how many of them the driver does not see there */
    int claimed;              /* kept from being pinned until the end */
};

struct guard {
    int async, per_thread;
    CUstream stream;
    size_t n, n_mapped;
    struct guarded few[GUARD_FEW], *many; /* `many`: all of them, once they no longer fit */
    int capturing;
    int unpinning; /* one of them was being unpinned */
    int snapshots; /* small copies to the device are to return without waiting for the stream (rule 11) */
    int late;      /* shadows are the driver's until the stream has come to the call */
    struct shadow *shadows;
    void *copied; /* of a batch: what names the shadows */
    size_t copied_bytes;
};

/* Adds the block that holds a host address, if it is one of autopin's.  Once for each side of a copy. */
void guard_add(struct guard *guard, uintptr_t host);

/* All have been added.  Each side is now to be handed to guard_shadow(), unless no block is being unpinned and there
 * are no snapshots. */
void guard_begin(struct guard *guard);

/* Where the driver is to read (SHADOW_IN) or write (SHADOW_OUT) this side; NULL: where the program has it.  `ways` as
 * of shadow_add(); 0: there must be no shadow. */
char *guard_shadow(struct guard *guard, const struct box *box, int ways);

/* No shadows: waits until none of the blocks is being unpinned. */
void guard_expose(struct guard *guard);

/* Keeps the promise of an asynchronous call (rule 10), lets the blocks go, and returns the result for the program. */
CUresult guard_end(struct guard *guard, CUresult result);

/* guard_add(), guard_begin() and guard_shadow() for a copy of one kind; what they return is for the driver.  Small
 * asynchronous ones to the device are snapshots.  `mine`: room for a changed copy of the description. */
const struct cu_memcpy2d *guard_begin_2d(struct guard *guard, const struct cu_memcpy2d *copy, struct cu_memcpy2d *mine);
const struct cu_memcpy3d *guard_begin_3d(struct guard *guard, const struct cu_memcpy3d *copy, struct cu_memcpy3d *mine);
uintptr_t guard_begin_from(struct guard *guard, uintptr_t host, size_t bytes);
uintptr_t guard_begin_to(struct guard *guard, uintptr_t host, size_t bytes);
void guard_begin_both(struct guard *guard, uintptr_t *to, uintptr_t *from, size_t bytes);

struct batch {
    CUdeviceptr *to, *from;
    size_t *sizes, count;
    const struct cu_memcpy_attributes *attributes;
    const size_t *first; /* copy that each of the attributes begins with */
    size_t n_attributes;
};

/* The same for a batch: `batch->to` and `from`, or what is returned, may then be arrays of autopin's, until
 * guard_end(). */
void guard_begin_batch(struct guard *guard, struct batch *batch);
struct cu_batch_op3d *guard_begin_batch_3d(struct guard *guard, struct cu_batch_op3d *ops, size_t count);

/* A graph names these addresses: their blocks stay as they are for ever (rule 14), once an unpin under way is over. */
void guard_hold_3d(const struct cu_memcpy3d *copy);
void guard_hold(uintptr_t host);
void guard_hold_block(struct block *block);

#endif
