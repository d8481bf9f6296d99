/* What the policy needs from the system: the whole contract, in one page.
 *
 * preload/ provides these functions; unit tests and trace replay provide fakes.  Errors are 0 or a negative errno
 * value, nothing here sets errno, and none of these functions may call malloc, so that they can be used from inside it.
 */
#ifndef AUTOPIN_PRIM_H
#define AUTOPIN_PRIM_H

#include <stddef.h>
#include <stdint.h>

struct block;
struct pressure_seen;
struct tally;

/* Monotonic clock.  Units: nanoseconds. */
uint64_t prim_now_ns(void);

/* The same clock, cheaper and a few milliseconds behind.  Units: nanoseconds. */
uint64_t prim_coarse_ns(void);

/* Zeroed, page-aligned memory straight from the kernel, never from malloc.  NULL when there is none. */
void *prim_map(size_t bytes);

/* Gives memory of prim_map() back. */
void prim_unmap(void *mem, size_t bytes);

/* The calling thread's own tally, to which no other thread adds; NULL where it has none. */
struct tally *prim_tally(void);

/* The tallies there are, those of threads that have ended included, by number from 0; NULL beyond the last. */
struct tally *prim_tally_at(unsigned number);

/* The table that the processes of this user on this node share: mapped, with all its pages there, zeroes when it is
 * new. NULL when there is none; the user is told why.  prim_unmap() ends it. */
void *prim_node_map(size_t bytes);

/* What names the calling process for as long as the system runs; never 0. */
uint64_t prim_process(void);

/* Whether a process of that name lives, as far as can be told.  `name` may be anything. */
int prim_process_lives(uint64_t name);

/* One line for the user (no newline at the end).  level: 0 error, 1 warning, 2 information.  Never allocates. */
void prim_log(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Ends the calling thread's turn until *word differs from `seen`, or a short while has passed. */
void prim_wait(_Atomic uint32_t *word, uint32_t seen);

/* Wakes every prim_wait() on word. */
void prim_wake(_Atomic uint32_t *word);

/* Whether the system can give `bytes` more without paging and still have `spare` left; they then count as given.
 * Context: worker, or a driver hook. */
int prim_memory_take(uint64_t bytes, uint64_t spare);

/* What the system says about its memory just now.  It comes back soon and without memory of its own.  Context: worker.
 */
void prim_memory_look(struct pressure_seen *seen);

/* Memory is short: gives back what is kept for speed alone, that is the free slots of the arena that are resident, and
 * of the slots for staged copies so many bytes, as far as nothing uses them.  Context: worker, between engine_enter()
 * and engine_leave(). */
void prim_trim(uint64_t bytes);

/* A block wants the room of slots for staged copies: gives back so many bytes of them, as far as nothing uses them, and
 * for a moment nothing uses those that are left.  Context: worker, or a driver hook, between engine_enter() and
 * engine_leave(). */
void prim_shed_slots(uint64_t bytes);

/* How many bytes of the range are resident already; all of them where that cannot be told.  The range is whole pages.
 */
size_t prim_resident_bytes(const void *base, size_t bytes);

/* Page-locks [block->base, +block->pin_bytes).  On success block->pin_backend and pin_context say how, for
 * prim_unpin(). Errors: -errno; the range is then as it was before, but for
 * -ENOTRECOVERABLE: part of it is locked and could not be unlocked, and must never go back to the system;
 * -ECANCELED: engine_pause() said that the process ends; likewise.
 * What takes long is done in parts, with engine_pause() between them.  Context: worker, or a driver hook; backend
 * mlock also from free. */
int prim_pin(struct block *block);

/* Ends what prim_pin() did, in parts as well.  Errors: -errno; the pages are then still locked and must never go back
 * to the system. */
int prim_unpin(struct block *block);

/* Gives a block's slot back to the arena: nothing refers to it any more.  `keep` != 0: its pages may stay resident. */
void prim_release(struct block *block, int keep);

/* Whether the block would stay resident if it were released now, as far as bounds allow: then locking it saves no page
 * faults. */
int prim_keeps(const struct block *block);

/* Calls act() for every block there is.  Context: a forked child, where nobody else is at work. */
void prim_each_block(void (*act)(struct block *block));

/* Asks for the worker's attention (starting the worker if need be).  Context: any but the worker itself. */
void prim_kick(void);

#endif
