/* Copies in flight: with async = relaxed a copy of a pinned block returns at once, and the block is neither unpinned
 * nor recycled until an event behind the copy says that it is over.
 *
 * Lock: RANK_FLIGHT, for the lists only; no driver call under it. */
#ifndef AUTOPIN_FLIGHT_H
#define AUTOPIN_FLIGHT_H

#include "cuda_min.h"

struct block;

/* The copy just issued on the stream uses the block.  Errors: -errno; the caller then waits for the stream instead.
 * Context: driver hook, between engine_copy_begin() and engine_copy_end(). */
int flight_add(struct block *block, CUstream stream, int per_thread);

/* Lets go of what has ended.  Returns whether anything is left.  Context: worker. */
int flight_reap(void);

/* Contexts are about to end: the events kept for reuse are destroyed.  Context: driver hook. */
void flight_drop_events(void);

void flight_fork_take(void);
void flight_fork_drop(void);
/* In the child nothing is in flight. */
void flight_fork_child(void);

#endif
