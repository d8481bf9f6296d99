/* What engine.c, engine_pin.c and engine_lists.c share.  Not for others. */
#ifndef AUTOPIN_ENGINE_INT_H
#define AUTOPIN_ENGINE_INT_H

#include "engine.h"
#include "lock.h"

struct engine {
    struct lock lock;                           /* guards the lists below */
    struct block *pinned;                       /* PINNING, PINNED, QUARANTINED, UNPINNING */
    struct block *_Atomic rest[ENGINE_CLASSES]; /* quarantine, and who came from there lately and has not
                                                   been looked at since; empty or not may be read without the lock */
    struct block *queue, **queue_end;           /* those that are PINNING, but not begun */
    size_t waiting_bytes;                       /* of those in the queue that the program has freed; engine lock */
    _Atomic uint32_t faulted[ENGINE_CLASSES];   /* blocks of a class that were served without resident pages */
    const struct options *options;
    _Atomic int backend;
    _Atomic int stopping;     /* no new pins or unpins: the process ends */
    _Atomic uint32_t forking; /* pins and unpins wait until the fork is over */
    _Atomic int unsupported;  /* the device gains nothing from pinning */
    _Atomic uint32_t busy;    /* pins and unpins under way */
};

extern struct engine engine;

/* Lists; each takes the lock itself unless its comment says otherwise. */
void pinned_remove(struct block *block); /* lock held; also takes it out of quarantine and of the queue */
/* Takes a block out of the lists by the event that ends its pin; what to do next is the caller's. */
enum block_next pinned_end(struct block *block, enum block_next (*event)(struct block *));
void rest_add(struct block *block);    /* if it is still QUARANTINED; no lock is taken if it is in there already */
void rest_remove(struct block *block); /* lock held */
void queue_add(struct block *block);   /* one that is in the list of pinned blocks */
struct block *queue_take(void);        /* it stays in that list */

/* How a block is to be pinned. */
struct pin_plan {
    enum backend_kind backend;
    void *context;
    int device;
    int now; /* by the caller, with pin_block(): it is not queued */
};

/* PLAIN → PINNING, by `begin` (block_pin_begin() or block_pin_begin_freed()), and into the lists in the same step: from
 * here on whoever ends pins finds it.  Returns whether the block's state allowed it. */
int pinning_add(struct block *block, int (*begin)(struct block *), const struct pin_plan *plan);

/* Pins a PINNING block: reserves, evicts if need be, pins, and settles what the program did meanwhile.  Between
 * work_begin() and work_end().  may_evict 0: where something would have to be unpinned first, the block is queued. */
void pin_block(struct block *block, int may_evict);

/* Gives up a PINNING block that is not pinned. */
void pin_cancel(struct block *block);

/* Unpins an UNPINNING block that is out of quarantine; it leaves the list of pinned blocks when that is done.
 * `evicted`: for the count. */
void unpin_block(struct block *block, int evicted);

/* Unpins the block that is worth least per byte (of the site `among`, or of all), if `candidate` outbids it.  Returns
 * whether there was one. */
int evict_for(const struct block *candidate, const struct site *among);

/* Unpins the block that is worth least per byte; `resting` != 0: of those that nobody holds.  Returns whether there was
 * one. */
int evict_least(int resting);

/* Looks whether memory is short, if that is due, and gives some back if so.  Context: worker, between work_begin() and
 * work_end(). */
void relieve(uint64_t now_ns);

/* How long until it is due again; UINT64_MAX: nothing is pinned.  Units: ns.  Context: worker. */
uint64_t relief_wait_ns(uint64_t now_ns);

/* In a forked child. */
void relief_forget(void);

/* How many of the block's first `bytes` have no memory behind them yet; and whether that is too much of it for a block
 * that nobody asked for to be pinned. */
size_t absent_bytes(const struct block *block, size_t bytes);
int is_sparse(const struct block *block, size_t bytes, size_t absent);

/* Registrations that a block takes. */
uint32_t regions_of(const struct block *block);

/* Reserves a PINNING block's bytes and regions under all caps, evicting what is worth less if it may; REASON_NONE:
 * done.
 */
enum reason reserve(struct block *block, int may_evict);

/* Starts and ends a pin or unpin; begin fails when the process is ending. */
int work_begin(void);
void work_end(void);

/* What faulting a block of this site in costs.  Units: ns. */
uint64_t fault_ns(const struct site *site, size_t bytes);

/* Reserves bytes of a site's own max_pinned, or nothing; returns whether it did. */
int site_reserve(struct site *site, size_t bytes);

/* Refuses to pin, for a reason that the report shows. */
void refuse(struct block *block, enum reason reason);

/* Does what block_*() said is next. */
void settle_block(struct block *block, enum block_next next, int keep);

/* Whole pages that hold `bytes`. */
size_t page_round(size_t bytes);

/* Waits for the pin or unpin under way, but not for ever: it may be waiting for the GPU. */
void wait_quiet(void);

#endif
