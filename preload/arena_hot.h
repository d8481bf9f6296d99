/* The free slots that were used last, per processor and class: what a program that allocates and frees one size again
 * and again is served from, without a lock and without a word that another processor writes to.
 *
 * Every place holds nothing, a resident free slot, or the credit of one that was taken from there: its bytes still
 * count as kept (arena_free.c), so that it can come back without asking.  Callers: arena_free.c.  No lock; context:
 * any. */
#ifndef AUTOPIN_ARENA_HOT_H
#define AUTOPIN_ARENA_HOT_H

#include "policy/block.h"

/* A resident slot of just this class from this processor's place, which keeps its credit; or NULL. */
struct block *hot_take_here(uint32_t size_class);

/* A resident slot of a class from `least` to `most`, from any processor's place; or NULL.  Its credit is the caller's:
 * hot_adopt() or hot_give(). */
struct block *hot_take_any(uint32_t least, uint32_t most);

/* A resident slot of a class from `least` to `most` from this processor's places, which keep its credit; or NULL. */
struct block *hot_take_near(uint32_t least, uint32_t most);

/* The credit of a slot that is being served goes to this processor's place.  Returns whether there was room. */
int hot_adopt(struct block *block);

/* Puts a slot back where its credit is; returns whether that is there still. */
int hot_return(struct block *block);

/* Puts a resident slot, whose bytes count as kept, into this processor's place.  What was there before: a slot is
 * returned, of a credit the bytes are added to *credit. */
struct block *hot_put(struct block *block, size_t *credit);

/* Takes credits until there are `bytes`, or none left; and how many there are, up to `bytes` or a little more.
 * Units: bytes. */
size_t hot_take_credits(size_t bytes);
size_t hot_credits(size_t bytes);

/* Whether a freed slot that was taken from here could go back. */
int hot_awaits(const struct block *block);

#endif
