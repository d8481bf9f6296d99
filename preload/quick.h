/* Pairs of malloc and free that find everything as the last one left it: the stack is one that this thread has
 * allocated from lately, its last block (or the one in this processor's place) lies READY, and nothing is to be settled
 * when it is freed.  Two compare-and-swaps, some 200 instructions; nothing is called that waits, fails, allocates or
 * sets errno, so autopin's own work is not said to begin (self_enter()), but
 * where a larger slot has to do.  Everything else is large.c's.  Callers:
 * large.c.  No lock. */
#ifndef AUTOPIN_QUICK_H
#define AUTOPIN_QUICK_H

#include "large.h"
#include "policy/block.h"

/* A block for the program; or NULL. */
struct block *quick_alloc(size_t size, const struct caller *caller);

/* Frees the block, if that can be done so; returns whether it was. */
int quick_free(struct block *block);

#endif
