/* The arena: autopin's own address range, from which large blocks are served.
 *
 * A reservation without access that grows in steps; slots in size classes, eight per octave; the slot of any address is
 * found by one range check and one table.  Slots are never cut again, so a slot's addresses and its struct block stay
 * what they are.  Locks: RANK_ARENA to carve, RANK_CLASS for a class's free slots; no system call under RANK_CLASS. */
#ifndef AUTOPIN_ARENA_H
#define AUTOPIN_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "policy/block.h"

/* Read by every free(): no address is in the range before there is a reservation (rule 44: a non-canonical base). */
struct arena_range {
    uintptr_t base;
    size_t bytes;
};
extern struct arena_range arena_range __attribute__((visibility("hidden")));

static inline int arena_owns(const void *ptr)
{
    return (uintptr_t)ptr - arena_range.base < arena_range.bytes;
}

/* Reserves the first step.  Errors: -errno; the arena then serves nothing. */
int arena_start(void);

/* Calls act() for the block of every slot.  Context: nobody else is at work. */
void arena_each(void (*act)(struct block *block));

/* The block whose slot holds ptr, or NULL.  Lock-free; context: any. */
struct block *arena_find(const void *ptr);

/* Size class for `bytes`, and whether a block of it would be aligned to `align` (a power of two). */
uint32_t arena_class(size_t bytes);
int arena_aligns(size_t bytes, size_t align);

/* A GONE block of this class or a larger one, readable and writable; ->dirty says whether it may hold old data.
 * NULL when there is no address space or memory. */
struct block *arena_take(uint32_t size_class);

/* The same, with a slot whose pages are all untouched. */
struct block *arena_take_empty(uint32_t size_class);

/* Moves the first pages of a slot into another one, whose pages there are lost, and leaves untouched ones behind (Linux
 * ≥ 5.7).  Units: bytes, `at` whole pages.  Errors: -EINVAL, this system cannot, and all is as it was; -EFAULT, what is
 * at `at` is untouched now; -ENOMEM, nothing can be there any more: `to` is tainted, and must not be served. */
int arena_move_pages(const struct block *from, size_t bytes, struct block *to, size_t at);

/* From now on they are not moved: the program locks all its memory, and what a move leaves behind is not locked. */
void arena_pages_stay(void);

/* The resident pages of `from` have been moved to the beginning of `to`. */
void arena_moved(struct block *from, struct block *to);

/* Whether a slot that is there serves this class as well: it is at most eight times as large. */
int arena_fits(const struct block *block, uint32_t size_class);

/* A free slot that fits has been taken to serve this class.  Context: its owner. */
void arena_serves(struct block *block, uint32_t size_class);

/* The program had the block.  Returns whether its slot can be served again as it is: for a PLACED one, whether
 * block_leave() alone gives it back.  Context: its owner. */
int arena_note_used(struct block *block);

/* Takes a GONE block back.  keep: its pages may stay resident, within bounds; else they go back to the system. */
void arena_give(struct block *block, int keep);

/* Lets the pages of all free slots go.  Context: worker. */
void arena_shed(void);

/* Whether arena_give(block, 1) would now keep the block resident. */
int arena_keeps(const struct block *block);

/* Gives the pages of [from, block->bytes) back to the system; the addresses stay the block's. */
void arena_trim(struct block *block, size_t from);

/* Gives up what is reserved and not in use: the program is about to count its address space (rule 46).  It is reserved
 * again when it is needed, if that can be. */
void arena_shrink(void);

void arena_fork_take(void);
void arena_fork_drop(void);

#endif
