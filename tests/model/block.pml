/* The life of a block, as a model for spin (tests/model/run.sh, `make model`).
 *
 * States and events are those of policy/block.h: run.sh compares the names.  One compare-and-swap of block.c is one
 * step here (a d_step); what C does in several steps is several steps here.  The rest follows policy/engine*.c as far
 * as blocks go: the lists and their lock, the queue, the pins and unpins under way (`busy`), the ledger, fork.
 *
 * The program keeps the contract of malloc and of the driver: nobody frees or reallocs a block while another thread is
 * inside a call that names it, and nobody uses a context that is being destroyed.  Everything else may happen in any
 * order: what autopin decides by measuring is a free choice here, and so is whether the driver fails.
 *
 * What is true but for the books is kept in variables that no actor looks at; the properties are assertions on them:
 *   pins, app_pins   registrations that the driver holds, of autopin's and of the program's own
 *   ops              operations of the GPU that touch the block's pages
 *   live, calls      the program holds it; its threads are inside calls that name it
 *   in_arena         its slot can be served again
 *   phys_*           what is page-locked now
 * Waiting: prim_wait() is a wait for the condition itself, so a lost wake-up would not show here.
 *
 * Configuration: BLOCKS, CAP_BYTES, CAP_REGIONS, and how often each actor acts: OWNERS and ROUNDS (malloc, realloc,
 * free), COPIERS and COPIES, APP, GRAPH, DESTROY, FORK, FAILURES (of the driver).  MLOCK: blocks are pinned when freed,
 * and always by the worker; else when copied.  IDLE=0: nothing is unpinned for being idle.  RACY: the program frees what its threads still copy.
 * PLACE: the arena has a place for a block that is READY, and so many times it is emptied.
 * MUT_...: a mistake that spin must reject (tests/model/mutations.txt). */
#ifndef BLOCKS
#define BLOCKS 1
#endif
#ifndef CAP_BYTES
#define CAP_BYTES 9
#endif
#ifndef CAP_REGIONS
#define CAP_REGIONS 9
#endif
#ifndef OWNERS
#define OWNERS 1
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef COPIERS
#define COPIERS 1
#endif
#ifndef COPIES
#define COPIES 2
#endif
#ifndef APP
#define APP 0
#endif
#ifndef GRAPH
#define GRAPH 0
#endif
#ifndef DESTROY
#define DESTROY 0
#endif
#ifndef FORK
#define FORK 0
#endif
#ifndef FAILURES
#define FAILURES 0
#endif
#ifndef MLOCK
#define MLOCK 0
#endif
#ifndef IDLE
#define IDLE 1
#endif
#ifndef RACY
#define RACY 0
#endif
#ifndef PLACE
#define PLACE 0
#endif

#define LAST (BLOCKS - 1)
#define SIZE(b) ((b) + 1) /* of block b, in pages and in pieces */

/* Names the rule in what spin prints of a violation.  ONLY: the one rule to check. */
#ifdef ONLY
#define MUST(rule, condition) assert(rule != ONLY || (condition))
#else
#define MUST(rule, condition) assert(rule && (condition))
#endif
#define REST 100 /* no rule: what holds when nobody can go on */

mtype = {
    BLOCK_GONE, BLOCK_READY, BLOCK_PLAIN, BLOCK_MOVING, BLOCK_PINNING, BLOCK_PINNED, BLOCK_QUARANTINED, BLOCK_UNPINNING,
    BLOCK_KEPT,
    NEXT_NOTHING, NEXT_RELEASE, NEXT_QUARANTINE,
    BY_CONTEXT, BY_BLOCK, BY_WORTH,
    PIN_FAILED, UNPIN_DONE, KEPT
};

/* The word. */
mtype state[BLOCKS] = BLOCK_GONE;
bool freed[BLOCKS], held[BLOCKS], placed[BLOCKS];
byte app[BLOCKS], refs[BLOCKS];

/* The engine's books. */
byte lock;                                    /* engine.lock: 0, or its holder + 1 */
bool listed[BLOCKS];                          /* in engine.pinned: from the queue on until it is unpinned */
bool queued[BLOCKS];                          /* PINNING, not begun */
bool resting[BLOCKS];                         /* in quarantine: can be recycled */
byte context_of[BLOCKS];                      /* pin_context */
byte busy;
bool forking;
byte used_bytes, used_regions;                /* the ledger */
byte flights[BLOCKS];                         /* relaxed copies whose event has not been seen yet */

/* The arena's (preload/arena_hot.c). */
byte place = BLOCKS; /* the block in the one place that there is; BLOCKS: none */

/* What is true. */
bool in_arena[BLOCKS] = true;
bool live[BLOCKS];
bool stays[BLOCKS];                          /* pinned when a graph came to name it */
byte calls[BLOCKS];
byte pins[BLOCKS], app_pins[BLOCKS], ops[BLOCKS];
bool losing[BLOCKS];                         /* being unpinned because its context ends */
bool stuck[BLOCKS];                          /* the driver did not let go of it */
bool registering[BLOCKS], unregistering[BLOCKS]; /* inside the driver */
byte phys_bytes, phys_regions;
byte context = 1, context_calls; /* the one to copy in; calls that copy in the first */
bool destroyed;                  /* the first has ended */
byte failures;                   /* of the driver, still to come */
byte owners_left = OWNERS;

#include "block_events.pml"
#include "driver.pml"
#include "engine.pml"
#include "program.pml"
#include "others.pml"
