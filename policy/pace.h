/* How copies of memory that is not pinned are staged, and whether they are: from what this process has measured.
 *
 * A staged copy goes through slots of pinned memory, chunk by chunk: threads fill (or drain) slots while the chunks
 * before are on the link.  Lock-free; callers: preload/stage.c; report.c reads nothing here.
 * Units are in the names; ps = picoseconds. */
#ifndef AUTOPIN_PACE_H
#define AUTOPIN_PACE_H

#include <stddef.h>

#include "site.h"

enum {
    PACE_DEPTH_MOST = 8,          /* slots that one copy uses */
    PACE_CHUNK_LEAST = 256 << 10, /* a piece: what one thread moves at a time */
    PACE_CHUNK_MOST = 2 << 20,    /* a slot */
    PACE_BEGIN_BYTES = 8 << 20,   /* a copy that is worth setting up the first slots for */
    PACE_BEGIN_TOTAL = 32 << 20,  /* and so are so many bytes in smaller ones */
};

struct pace {
    size_t chunk_bytes;
    unsigned depth;   /* slots */
    unsigned threads; /* that move memory, the program's own among them */
};

/* Sets the bounds: what the options say, the machine's cores, and the slots there may be.  Call before anything else.
 */
void pace_start(const struct options *options, unsigned cores, unsigned slots_most);

/* Threads for work that nobody waits for: half of the cores stay with the program. */
unsigned pace_background_threads(void);

/* Whether copies of so many bytes may be staged at all. */
int pace_may_stage(uint64_t bytes);

/* How to stage a copy while `at_once` copies are staged, this one among them. */
struct pace pace_plan(enum direction dir, uint64_t bytes, unsigned at_once);

/* Whether to stage such a copy: not while there is no ring yet and it is small, and not where the driver's own way has
 * proved faster.  Each way is tried again now and then.  Counts the copy. */
int pace_prefers_staging(enum direction dir, uint64_t bytes, int have_ring);

/* How many slots to make beside the plain copy, where so many are there: 0 when the copy is to be staged at once. */
unsigned pace_first_slots(unsigned there);

/* What was measured: one thread moving a piece; the driver calls for a chunk; chunks that followed each other on the
 * link without a gap. */
void pace_piece_seen(enum direction dir, uint64_t bytes, uint64_t ns);
void pace_call_seen(uint64_t ns);
void pace_link_seen(enum direction dir, uint64_t bytes, uint64_t ns);

/* A copy of `chunks` has ended: how often the link had nothing to do, and how often it was waited for. */
void pace_copy_seen(enum direction dir, uint64_t chunks, uint64_t idle, uint64_t waits);

#endif
