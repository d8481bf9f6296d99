/* Decisions: whether to pin, and which pinned block is worth least.  Reads sites, blocks and costs; changes only a
 * block's worth.  No lock.  Callers: engine*.c.
 *
 * When to pin is ski-rental.  A block whose unpinned copies have cost an excess of S in all, e of it in the first, is
 * pinned for the price p when S >= p; earlier on its site's credit; and not before S >= p + e where the site's pins
 * have earned nothing of late.  While the cap does not bind that costs at most twice what the best plan in hindsight
 * costs that also pins at the end of a copy (rule 21), with p known and a block's copies of about one size:
 *
 *   - The best plan pays B = min(S, p + e) or more for this block: S without a pin, p + e with one.
 *   - A block that is not pinned has paid S <= p + e, so S = B.
 *   - One that was pinned at S cost S + p in all.  p <= S gives S + p <= 2 S, and S <= p + 2 e, as it was not pinned
 * one copy sooner, gives S + p <= 2 (p + e): twice B, whether its copies stop or go on.
 *   - One that was pinned earlier lacks p - S, and that is taken from credit.  Credit is what twice B leaves of the
 * cost of blocks pinned before: at most 2 (p + e - S) each, and only as their direct copies come.  It is spent once.
 *
 * Where one copy of a block costs much more than those before it, that copy comes on top: nobody knew of it.  Freed
 * blocks leave what they have paid to the next of their site, as their slots would: rent.h. */
#ifndef AUTOPIN_DECIDE_H
#define AUTOPIN_DECIDE_H

#include "block.h"
#include "site.h"

/* What it costs to pin the block as it is after a copy: all of it resident.  Units: ns. */
uint64_t decide_price_ns(const struct block *block);

/* After a copy of this block in that direction: the reason to pin it now, or the reason not to. */
enum reason decide_after_copy(const struct site *site, const struct block *block, enum direction dir);

/* The same for a block that is being freed (backend mlock): worth keeping locked for the next one of its site? */
enum reason decide_at_free(const struct site *site, const struct block *block);

/* What being pinned is worth to a block: what it saves or would save lately.  "Lately" is not told by time, but by the
 * worth of all copies: worth is halved while the memory that is pinned has been worth what pinning it costs.  So a
 * program that waits loses nothing, and what is no longer copied gives way once others would have paid for the change.
 * Units: ns. */

/* The clock of that: everything that was ever added to any block. */
uint64_t worth_clock(void);

/* Adds to a block's worth, and to the clock. */
void worth_add(struct block *block, uint64_t ns);

/* Sets it. */
void worth_set(struct block *block, uint64_t ns);

/* What a block is worth at this point of the clock. */
uint64_t worth_get(const struct block *block, uint64_t clock);

/* Whether `a` is worth less per byte than `b`; priority goes first.  Of two that are worth the same, one that nobody
 * holds (QUARANTINED) is worth less. */
int worth_less(const struct block *a, const struct block *b, uint64_t clock);

/* Whether a candidate was worth more before its last copy than a pinned block is now, by a margin if the program holds
 * that.  Without that copy, since of blocks that are copied in turn the last one always looks best.
 *
 * Where there are many candidates and few are pinned, each candidate's worth has faded to less than the margin by the
 * time it is copied again, be the pinned ones never so cold.  So a pinned block that was not copied for 16 half-lives
 * is outbid by any block that has been copied before, in half that time, or whose site's freed blocks have left its
 * price.
 */
int worth_outbids(const struct block *candidate, const struct block *pinned, uint64_t clock);

#endif
