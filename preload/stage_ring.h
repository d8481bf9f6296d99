/* The ring: slots of pinned memory of autopin's own, for staged copies.
 *
 * Slots are made one by one, as copies need them, up to staging_memory and within max_pinned; the worker gives them
 * back when none was used for idle_timeout.  Lock: RANK_RING, for the lists; no driver call under it. */
#ifndef AUTOPIN_STAGE_RING_H
#define AUTOPIN_STAGE_RING_H

#include "flight.h"
#include "policy/pace.h"

enum {
    SLOT_BYTES = PACE_CHUNK_MOST
};

enum slot_state {
    SLOT_EMPTY,
    SLOT_FREE,
    SLOT_LENT,   /* somebody uses it, or is making or unmaking it */
    SLOT_MARKED, /* its last transfer may be going on */
    SLOT_LOST,   /* nobody can say whether it is: it stays pinned for ever */
};

struct slot {
    enum slot_state state; /* ring's lock */
    char *memory;
    CUcontext context;   /* that it was registered in */
    struct flight *mark; /* behind the last transfer, until that is known to be over */
};

/* Slots there may be. */
unsigned ring_most(void);

/* How many there are. */
unsigned ring_slots(void);

/* Makes one more, if there may be one; returns whether there is.  Context: as of ring_take(). */
int ring_add(void);

/* A slot that nothing uses: a free one, one whose transfer has ended, or a new one.  NULL: there is none now.
 * Context: driver hook, captures relaxed. */
struct slot *ring_take(void);

/* Gives one back: with its mark, when a transfer may still be going on. */
void ring_put(struct slot *slot);

/* Gives one up of which nobody can say whether a transfer is over: it stays pinned and is never used again. */
void ring_lose(struct slot *slot);

/* Contexts are about to end: what they hold of the ring is given up first.  Context: driver hook, between
 * engine_enter() and engine_leave(). */
void ring_end(const struct ending *ending);

/* Gives back what was not used for long.  Returns how long until there may be more to do; UINT64_MAX: there is no slot.
 * Units: ns.  Context: worker, between engine_enter() and engine_leave(). */
uint64_t ring_reap(void);

/* Memory is short: gives back so many bytes of them, as far as nothing uses them.  Context: worker, likewise. */
void ring_shed(uint64_t bytes);

/* A block wants their room: the same, and for a moment none is lent or made, so that those in use can go next. Context:
 * worker, or a driver hook, likewise. */
void ring_make_way(uint64_t bytes);

/* stage_slot.c, for stage_ring.c: a slot's memory, registered in the current context, or not there; returns whether it
 * is.  Unmapped, once it is not registered; the child of a fork that comes in between must not unmap what is there
 * then.
 */
int slot_register(struct slot *slot);
void slot_unmap(struct slot *slot);

void ring_fork_take(void);
void ring_fork_drop(void);
void ring_fork_child(void);

#endif
