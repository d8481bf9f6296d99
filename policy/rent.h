/* Rent: what blocks have paid for not being pinned, and what the pins of a site have earned.
 *
 * An unpinned copy pays its excess over a direct one.  A pin is bought with what its block has paid since it was last
 * pinned, with what freed blocks of its site had paid and left over, and with the site's credit; decide.h says when and
 * why.  Owns those fields of blocks and sites.  Lock-free: each is one atomic amount, and no amount is spent twice.
 * Callers: engine*.c; decide.c reads.  Units: ns. */
#ifndef AUTOPIN_RENT_H
#define AUTOPIN_RENT_H

#include "block.h"
#include "site.h"

/* A block begins to be used by the program: it has paid nothing. */
void rent_begin(struct block *block);

/* An unpinned copy of it has cost so much more than a direct one. */
void rent_pay(struct block *block, uint64_t ns);

/* A direct copy of it has cost so much less: credit for its site, up to what its pin entitles to. */
void rent_earn(struct block *block, uint64_t ns, uint64_t price_ns);

/* The program gives it up: what it has paid is left to the next blocks of its site. */
void rent_leave(struct block *block);

/* It has been pinned, for so much. */
void rent_spend(struct block *block, uint64_t price_ns);

/* It asked for room in vain: it has to pay a part of the price again before it asks again. */
void rent_ask_later(struct block *block, uint64_t price_ns);

/* The reason to pin a block now that costs so much, or not to. */
enum reason rent_reason(const struct block *block, uint64_t price_ns);

#endif
