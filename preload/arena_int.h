/* What arena.c, arena_free.c and arena_pages.c share.  Not for others. */
#ifndef AUTOPIN_ARENA_INT_H
#define AUTOPIN_ARENA_INT_H

#include "arena.h"

/* What is freed and larger goes back to the system at once.  Units: bytes. */
static const size_t ARENA_KEEP_MOST = (size_t)32 << 20;

/* resident_bytes of a block whose pages have been moved elsewhere. */
static const size_t ARENA_MOVED = SIZE_MAX;

/* A slot of so many bytes has been freed by this thread, and might be kept.  And the bound for all that is: units:
 * bytes of whole slots. */
void arena_note_freed(size_t bytes);
size_t arena_keep_limit(void);

/* A new slot of the class, or NULL.  Lock: RANK_ARENA, inside. */
struct block *arena_carve(uint32_t size_class);

/* The most that a slot of this class holds: the inverse of arena_class(). */
size_t arena_class_bytes(uint32_t size_class);

/* Makes a slot readable and writable, if it is not.  Errors: -1. */
int arena_commit(struct block *block);

/* Gives the pages back.  A range that does not let go of them (locked by the program, say) stays dirty. */
void arena_drop_pages(struct block *block);

/* The same, and the slot is no longer accessible. */
void arena_revoke(struct block *block);

/* The block in this slot has at most `bytes`: what lies resident behind them stays, as surplus, unless all surplus
 * would be more than `limit`; then it goes.  Until arena_surplus_end(), at the latest when the slot is in no place any
 * more.  Owner of the slot only. */
void arena_surplus_begin(struct block *block, size_t bytes, size_t limit);
void arena_surplus_end(struct block *block);

void arena_carve_take(void);
void arena_carve_drop(void);

#endif
