/* The free slots that were used last: one for each processor and a few classes, in a place from which it is taken with
 * one compare-and-swap of its block's word (READY → PLAIN or GONE), and returned with another.
 *
 * A block that a place points to is PLACED, and no other place points to it; while it is in use (or, given back
 * without its pages, in a list of the arena's), its place stays its own, and its bytes count as kept (arena_free.c): a
 * credit, with which it can come back without asking.  Whoever takes a block out of its place displaces it: the place
 * first, then the block.  Callers: arena_free.c, large.c.  No lock; context: any. */
#ifndef AUTOPIN_ARENA_HOT_H
#define AUTOPIN_ARENA_HOT_H

#include "policy/block.h"

/* The block of just this class in this processor's place, READY or in use; or NULL. */
struct block *hot_here(uint32_t size_class);

/* The smallest resident slot of a class from `least` to `most` in this processor's places, to which it will return; or
 * NULL. */
struct block *hot_take_near(uint32_t least, uint32_t most);

/* The next READY one from *at on, GONE now; it can return to its place.  NULL: there are no more. */
struct block *hot_lift(unsigned *at);

/* A slot of a class from `least` to `most` from any processor's places, to which it will not return; or NULL.  Credits
 * that come free are added to *credit. */
struct block *hot_take_any(uint32_t least, uint32_t most, size_t *credit);

/* A slot that is being served gets this processor's place, if that is empty.  Returns whether it was. */
int hot_adopt(struct block *block);

/* Puts a resident slot, whose bytes count as kept, into this processor's place.  What was there before: a slot is
 * returned; of one in use the bytes are added to *credit. */
struct block *hot_put(struct block *block, size_t *credit);

/* Takes credits until there are `bytes`, or none left; returns how many there are, up to `bytes` or a little more.
 * Slots that came back meanwhile are added to the list *freed, by ->next; they count as kept.  Units: bytes. */
size_t hot_take_credits(size_t bytes, struct block **freed);

/* How many credits there are, likewise. */
size_t hot_credits(size_t bytes);

/* How many processors have been used, or a few more: at least one. */
unsigned hot_processors(void);

#endif
