/* Decisions: whether to pin, and which pinned block is worth least.  Reads sites, blocks and costs; changes only a
 * block's worth.  No lock.  Callers: engine*.c. */
#ifndef AUTOPIN_DECIDE_H
#define AUTOPIN_DECIDE_H

#include "block.h"
#include "site.h"

/* After a copy of this block: the reason to pin it now, or the reason not to. */
enum reason decide_after_copy(const struct site *site, const struct block *block);

/* The same for a block that is being freed (backend mlock): worth keeping locked for the next one of its site? */
enum reason decide_at_free(const struct site *site, const struct block *block);

/* Whether a site's pins have earned back what they cost. */
int decide_site_hot(const struct site *site);

/* Adds to what being pinned is worth to this block.  Units: ns saved. */
void worth_add(struct block *block, uint64_t ns, uint64_t now_ns);

/* What being pinned has been worth lately.  Units: ns saved, halved every WORTH_HALF_LIFE_NS. */
uint64_t worth_get(const struct block *block, uint64_t now_ns);

/* Whether `a` is worth less per byte than `b`; priority goes first.  Of two that are worth the same, one that nobody
 * holds (QUARANTINED) is worth less. */
int worth_less(const struct block *a, const struct block *b, uint64_t now_ns);

#endif
