/* Linear copies between host and device: how each is done, and that its promise is kept.  All others: guard.h.
 *
 * Callers: hooks_copy.c.  Context: the program's thread, inside a driver call of its own.  No lock is held across a
 * driver call. */
#ifndef AUTOPIN_COPY_H
#define AUTOPIN_COPY_H

#include "cuda_min.h"
#include "driver.h"
#include "policy/block.h"

enum copy_shape {
    COPY_H2D,       /* (device, host, bytes) */
    COPY_H2D_ASYNC, /* (device, host, bytes, stream) */
    COPY_D2H,       /* (host, device, bytes) */
    COPY_D2H_ASYNC,
    COPY_ANY, /* (destination, source, bytes) */
    COPY_ANY_ASYNC,
};

struct copy {
    enum entry_id entry;
    enum copy_shape shape;
    int per_thread; /* the variant for the per-thread default stream */
    uintptr_t to, from;
    size_t bytes;
    CUstream stream;
};

/* What is left of a copy whose first `done` bytes are through. */
static inline struct copy copy_after(const struct copy *copy, size_t done)
{
    struct copy rest = *copy;
    rest.to += done;
    rest.from += done;
    rest.bytes -= done;
    return rest;
}

/* Does the copy, as the driver would: same result, same ordering, same promise on return. */
CUresult copy_run(const struct copy *copy);

/* The wait that gives an asynchronous copy of pinned memory the promise of a pageable one.  Counted. */
CUresult copy_wait(CUstream stream, int per_thread);

/* Whether the driver may come to treat a block with this word as page-locked before it has read what a call gives it.
 */
int copy_may_be_pinned(const struct block *block, uint32_t word);

/* Whether the call returns before the copy is over, as far as its kind of memory lets it. */
int copy_is_async(const struct copy *copy);

#endif
