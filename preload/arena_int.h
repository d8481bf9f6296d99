/* What arena.c and arena_free.c share.  Not for others. */
#ifndef AUTOPIN_ARENA_INT_H
#define AUTOPIN_ARENA_INT_H

#include "arena.h"

/* A new slot of the class, or NULL.  Lock: RANK_ARENA, inside. */
struct block *arena_carve(uint32_t size_class);

void arena_carve_take(void);
void arena_carve_drop(void);

#endif
