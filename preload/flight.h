/* Events behind copies.  With async = strict a copy of a pinned block is waited for by an event behind it, so that
 * nothing else is waited for; with async = relaxed the copy returns at once, and the block is neither unpinned nor
 * recycled until that event says that it is over.
 *
 * Lock: RANK_FLIGHT, for the lists only; no driver call under it. */
#ifndef AUTOPIN_FLIGHT_H
#define AUTOPIN_FLIGHT_H

#include "driver.h"

struct block;

/* Waits for what has been issued on the stream so far, and for nothing else.  Results: any error means that it may be
 * still going on.  Context: driver hook. */
CUresult flight_wait(CUstream stream, int per_thread);

/* A mark behind all that has been issued on the stream so far, in the current context; NULL when none could be made. */
struct flight;
struct flight *flight_mark(CUstream stream, int per_thread);

/* Whether what is before the mark is over; 0 also when that cannot be told. */
int flight_is_over(struct flight *mark);

/* Waits until it is.  Results: any error means that it may be still going on. */
CUresult flight_await(struct flight *mark);

/* The caller no longer needs the mark. */
void flight_put(struct flight *mark);

/* The same for a mark whose context is ending: waits for what is before it, and destroys its event.  Errors: -EIO; that
 * may still be going on. */
int flight_destroy(struct flight *mark);

/* Whether the mark belongs to a context that is ending. */
int flight_ends(const struct flight *mark, const struct ending *ending);

/* The copy just issued on the stream uses the block.  Errors: -errno; the caller then waits for the stream instead.
 * Context: driver hook, between engine_copy_begin() and engine_copy_end(). */
int flight_add(struct block *block, CUstream stream, int per_thread);

/* Lets go of what has ended.  Returns whether anything is left.  Context: worker. */
int flight_reap(void);

/* Contexts are about to end: waits for the copies in flight there, and destroys their events.  Context: driver hook,
 * between engine_enter() and engine_leave(). */
void flight_end(const struct ending *ending);

void flight_fork_take(void);
void flight_fork_drop(void);
/* In the child nothing is in flight. */
void flight_fork_child(void);

#endif
