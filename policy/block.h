/* A block: one large allocation in a slot of the arena, and the word that says what may be done with it.
 *
 * Owns the block's state machine and nothing else: every change of state is one compare-and-swap in block.c, named
 * after its event.  No lock is taken here.  Callers: engine.c (all events), preload/ (reads only).
 *
 *   GONE → PLAIN → PINNING → PINNED → UNPINNING → PLAIN        the program holds the block
 *                     ↓         ⇅          ↓
 *                 QUARANTINED (freed, still pinned) → UNPINNING → GONE
 *
 * READY is a free block that lies in a place of the arena (preload/arena_hot.h): whoever makes it PLAIN or GONE has it.
 * MOVING is a PLAIN block whose size its owner is changing.  KEPT is a pinned block that could not be unpinned: its
 * pages stay locked and mapped for ever.  tests/model/ holds the same states and events as a model for spin, with the
 * rules that must hold for them; its script compares the names. */
#ifndef AUTOPIN_BLOCK_H
#define AUTOPIN_BLOCK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct site;

enum block_state {
    BLOCK_GONE,
    BLOCK_READY,
    BLOCK_PLAIN,
    BLOCK_MOVING,
    BLOCK_PINNING,
    BLOCK_PINNED,
    BLOCK_QUARANTINED,
    BLOCK_UNPINNING,
    BLOCK_KEPT,
};

enum backend_kind {
    BACKEND_NONE,
    BACKEND_MLOCK,
    BACKEND_CUDA,
};

enum {
    /* A larger block is registered in pieces of this size (rule 21), and copies are cut at their borders (rule 13). */
    PIN_PIECE_BYTES = 256 << 20,
};

/* The word: state 0..3, freed 4, held 5, placed 6, application's registrations 8..15, operations in flight 16..31. */
#define WORD_STATE(word) ((enum block_state)((word)&15u))
#define WORD_FREED       (1u << 4) /* the program has freed it while something was under way */
#define WORD_HELD        (1u << 5) /* named in a graph: never pinned, unpinned or recycled again */
#define WORD_PLACED      (1u << 6) /* a place of the arena is its own: to be READY there when it is free */
#define WORD_APP_ONE     (1u << 8)
#define WORD_APP(word)   (((word) >> 8) & 255u)
#define WORD_REF_ONE     (1u << 16)
#define WORD_REFS(word)  ((word) >> 16)

struct block {
    _Alignas(64) _Atomic uint32_t word; /* a cache line is no other block's */
    uint32_t size_class;                /* constant once carved */
    char *base;                         /* constant; aligned to at least a page */
    size_t slot_bytes;                  /* constant: what the slot could hold */
    size_t bytes;                  /* what the program may use; its owner changes it, only in PLAIN, MOVING or GONE */
    size_t pin_bytes;              /* whole pages being or having been pinned; the pinning thread's */
    size_t pin_absent;             /* of those, bytes that had no memory then; likewise */
    struct site *_Atomic site;     /* set at allocation */
    enum backend_kind pin_backend; /* how it is to be or was pinned; set when PINNING begins */
    int pin_device;                /* likewise: the device of pin_context */
    void *pin_context;             /* likewise: the context in which the range was registered */
    _Atomic uint64_t used_ns;      /* when it was last copied, allocated or freed */
    _Atomic uint64_t worth_ns;     /* what being pinned saves or would save lately: decide.c */
    _Atomic uint64_t worth_at;     /* when worth_ns was last brought up to date, by worth_clock() */
    _Atomic uint64_t bid_ns;       /* what it was worth before its last copy */
    _Atomic uint64_t bid_at;       /* when the copy before that was, by worth_clock() */
    _Atomic uint64_t paid_ns;      /* excess of its unpinned copies, not spent on a pin; this and two more: rent.c */
    _Atomic uint64_t first_ns;     /* excess of the first of them */
    _Atomic uint64_t due_ns;       /* what it may still earn its site in credit, as it is pinned */
    _Atomic uint64_t retry_ns;     /* no promotion before this instant: the last one failed */
    _Atomic uint32_t failures;     /* promotions failed in a row */
    _Atomic uint32_t copies;       /* copies since allocation */
    size_t resident_bytes;         /* how much of its slot may be resident from before; the slot's owner's */
    size_t surplus_bytes;          /* of it, what is counted as beyond its class; likewise */
    _Atomic uint8_t dirty;         /* its slot may hold non-zero or resident pages; the slot's owner's */
    _Atomic uint8_t
        tainted;       /* the program changed its protection, locks or inheritance: not to be served again as it is */
    uint8_t committed; /* its slot is readable and writable; the slot's owner's */
    uint8_t fresh;     /* allocated without resident pages: its first touch faults */
    uint8_t avoidable; /* … where an earlier block could have been recycled */
    size_t told_bytes; /* preload/trace.c: of the last allocation that was told of; 0: none */
    struct site *told_site;  /* likewise */
    _Atomic uint32_t again;  /* likewise: lives since then that were not */
    _Atomic uint8_t untold;  /* likewise: whether the one it leads is such a one */
    struct block *next;      /* arena's free slots, or the engine's queue; that list's lock */
    struct block *pin_next;  /* the engine's list of pinned blocks; engine lock */
    struct block **pin_link; /* likewise: what points here; NULL when not in the list */
    struct block *rest_next; /* the engine's quarantine of this class; engine lock */
    _Atomic uint8_t resting; /* whether it is in that list; changed under the engine lock */
    uint8_t queued;          /* whether it is in the engine's queue; engine lock */
    uint8_t waiting;         /* … and counted there as freed; engine lock */
};

static inline uint32_t block_word(const struct block *block)
{
    return atomic_load_explicit(&block->word, memory_order_acquire);
}

static inline enum block_state block_state(const struct block *block)
{
    return WORD_STATE(block_word(block));
}

/* Whether a block with this word is nobody's. */
static inline int word_is_free(uint32_t word)
{
    return WORD_STATE(word) == BLOCK_GONE || WORD_STATE(word) == BLOCK_READY;
}

/* The events.  Each returns 1 when it took place and 0 when the block's state does not allow it. */
int block_born(struct block *block);            /* GONE → PLAIN */
int block_pin_begin(struct block *block);       /* PLAIN, nobody else's claim on it → PINNING */
int block_pin_begin_freed(struct block *block); /* the same for a block its program is just freeing; sets FREED */
int block_move_begin(struct block *block);      /* PLAIN, nothing in flight → MOVING */
void block_move_end(struct block *block);       /* MOVING → PLAIN */
int block_unpin_begin(struct block *block);     /* PINNED or QUARANTINED, nothing in flight, not held → UNPINNING */
int block_lose_begin(struct block *block);      /* the same, held or not: its context is ending */
int block_recycle(struct block *block);         /* QUARANTINED, nothing in flight → PINNED */

/* Those of a free block.  Only whoever has just made it GONE may act on it as GONE. */
int block_place(struct block *block);    /* GONE, not PLACED: PLACED */
int block_lay(struct block *block);      /* GONE, not PLACED → READY, PLACED */
int block_return(struct block *block);   /* GONE, PLACED → READY */
int block_leave(struct block *block);    /* PLAIN, PLACED, nobody's claim on it → READY: the program frees it */
int block_take(struct block *block);     /* READY, nobody's claim on it → PLAIN */
int block_lift(struct block *block);     /* the same → GONE; it stays PLACED */
int block_displace(struct block *block); /* no longer PLACED; READY → GONE.  Returns whether it was READY. */

/* Counts one operation in flight; returns the word as it was then. */
uint32_t block_ref(struct block *block);

/* What the caller has to do after these, since the program may have freed the block meanwhile. */
enum block_next {
    NEXT_NOTHING,    /* as far as the caller is concerned all is done */
    NEXT_RELEASE,    /* the block is GONE: give its slot back */
    NEXT_QUARANTINE, /* the block is QUARANTINED: list it */
};
enum block_next block_pin_done(struct block *block, int pinned); /* PINNING → PINNED, PLAIN, QUARANTINED or GONE */
enum block_next block_pin_failed(struct block *block);           /* the same, with pinned = 0 */
enum block_next block_unpin_done(struct block *block);           /* UNPINNING → PLAIN or GONE */
enum block_next block_kept(struct block *block);                 /* UNPINNING or PINNING → KEPT */
enum block_next block_free(struct block *block);                 /* the program gives it up */
enum block_next block_unref(struct block *block);                /* an operation has ended */
enum block_next block_app_drop(struct block *block);             /* the application ended a registration of its own */
void block_app_add(struct block *block);                         /* … or is about to begin one */
void block_hold(struct block *block);                            /* a graph names it */

#endif
