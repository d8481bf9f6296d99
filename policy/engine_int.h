/* What engine.c, engine_pin.c and engine_lists.c share.  Not for others. */
#ifndef AUTOPIN_ENGINE_INT_H
#define AUTOPIN_ENGINE_INT_H

#include "engine.h"
#include "lock.h"

struct engine {
    struct lock lock;                           /* guards the lists below */
    struct block *pinned;                       /* PINNING (once begun), PINNED, QUARANTINED */
    struct block *_Atomic rest[ENGINE_CLASSES]; /* quarantine; its emptiness may be read without the lock */
    struct block *queue, **queue_end;           /* PINNING, not begun */
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
void pinned_add(struct block *block);
void pinned_remove(struct block *block); /* lock held; also takes it out of quarantine */
void rest_add(struct block *block);      /* if it is still QUARANTINED */
void queue_add(struct block *block);
struct block *queue_take(void);

/* Pins a PINNING block: reserves, evicts if need be, pins, and settles what the program did meanwhile. */
void pin_block(struct block *block);

/* Unpins an UNPINNING block that is in no list any more.  `evicted`: for the count. */
void unpin_block(struct block *block, int evicted);

/* Unpins the block that is worth least per byte (of the site `among`, or of all), if that is less than what `candidate`
 * is worth.  Returns whether there was one. */
int evict_for(const struct block *candidate, const struct site *among);

/* Starts and ends a pin or unpin; begin fails when the process is ending. */
int work_begin(void);
void work_end(void);

/* What faulting a block of this site in costs.  Units: ns. */
uint64_t fault_ns(const struct site *site, size_t bytes);

/* Counts a block that the program is being given. */
void account_born(struct site *site, size_t bytes);

/* Reserves bytes of a site's own max_pinned, or nothing; returns whether it did. */
int site_reserve(struct site *site, size_t bytes);

/* Refuses to pin, for a reason that the report shows. */
void refuse(struct block *block, enum reason reason);

/* Does what block_*() said is next. */
void settle_block(struct block *block, enum block_next next, int keep);

/* Whole pages that hold `bytes`. */
size_t page_round(size_t bytes);

#endif
