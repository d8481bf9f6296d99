/* Pairs of malloc and free that find everything as the last one left it: the stack is one that this thread has
 * allocated from lately, its last block (or the one in this processor's place) lies READY, and nothing is to be settled
 * when it is freed.  Two compare-and-swaps, some 200 instructions; but where a larger slot has to do, nothing is called
 * that waits, fails, allocates or sets errno, so autopin's own work is not said to begin (self_enter()).  Everything
 * else is large.c's.  Callers: large.c.  No lock. */
#ifndef AUTOPIN_QUICK_H
#define AUTOPIN_QUICK_H

#include "large.h"
#include "policy/block.h"

/* A block for the program; or NULL. */
struct block *quick_alloc(size_t size, const struct caller *caller);

/* The block in this processor's place, for a site that is known; or NULL.  Context: any. */
struct block *quick_here(struct site *site, size_t size, uint32_t size_class);

/* Frees the block, if that can be done so; returns whether it was. */
int quick_free(struct block *block);

#endif
