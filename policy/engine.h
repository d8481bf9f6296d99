/* The engine: what happens to blocks.  Sole caller of prim_pin() and prim_unpin().
 *
 * Owns the lists of pinned, quarantined and queued blocks.  Lock: RANK_ENGINE for those lists; never held across
 * prim_pin(), prim_unpin(), prim_release() or prim_kick(). */
#ifndef AUTOPIN_ENGINE_H
#define AUTOPIN_ENGINE_H

#include "block.h"
#include "site.h"

enum {
    ENGINE_CLASSES = 512 /* size classes of the arena, at most */
};

/* Gets ready.  Call once, before anything else here. */
void engine_start(const struct options *options);

/* From now on blocks are pinned this way.  The worker ends pins of another backend; nobody waits for it.
 * Context: driver hook. */
void engine_use_backend(enum backend_kind kind);
enum backend_kind engine_backend(void);

/* A pinned block freed earlier that can serve `bytes` of `site`, or NULL.  Its pages are resident and not zero.
 * Context: malloc. */
struct block *engine_recycle(struct site *site, size_t bytes, uint32_t size_class);

/* The same of this very block, of the right class, that the caller was served before.  Takes no lock: the block stays
 * listed among those in quarantine, as one that is in use.  Returns whether it could be had. */
int engine_recycle_this(struct block *block, struct site *site, size_t bytes);

/* Takes charge of a fresh block (GONE) that the program is being given.  Context: malloc. */
void engine_born(struct block *block, struct site *site, size_t bytes);

/* The same of a block that lies READY in a place of the arena, where no pinned one of its class waits to be recycled.
 * Returns whether it could be had.  Nothing is called that waits, fails or sets errno.  Context: malloc. */
int engine_again(struct block *block, struct site *site, size_t bytes);

/* The program gives up a block that is PLAIN and PLACED, of which nothing is to be settled: it is READY again.  Returns
 * whether it was such a one; else engine_free() is to follow.  Likewise; context: free. */
int engine_leave_block(struct block *block);

/* The program gives a block up.  Never blocks on the driver, never calls it.  Context: free. */
void engine_free(struct block *block);

/* The program changed the size of a PLAIN block between block_move_begin() and block_move_end(). */
void engine_resized(struct block *block, size_t bytes);

/* Its pages have been moved to another block, between block_move_begin() and block_move_end(): it is not worth pinning.
 */
void engine_moved(struct block *block);

/* A copy from or to the block begins: it is neither unpinned nor recycled until engine_copy_end().
 * Returns the block's word. */
uint32_t engine_copy_begin(struct block *block);

/* Whether a block with this word may be used by DMA, so that an asynchronous copy would really be asynchronous. */
int engine_is_direct(const struct block *block, uint32_t word);

/* Whether the driver may treat a block with this word as page-locked, now or in a moment. */
int engine_may_dma(const struct block *block, uint32_t word);

/* Counts a copy that ended.  Returns the reason to pin the block now, or one that refuses: reason_refuses(). */
enum reason engine_copied(struct block *block, enum direction dir, enum way way, uint64_t bytes, uint64_t ns);

/* The operation begun by engine_copy_begin() has ended. */
void engine_copy_end(struct block *block);

/* Pins the block in `context` of `device`: in the background, or before returning when its site says pin_wait.
 * Context: driver hook; the program holds the block. */
void engine_promote(struct block *block, enum reason why, void *context, int device);

/* Unpins the block before returning, once nothing is in flight.  Context: driver hook. */
void engine_demote(struct block *block);

/* Which blocks. */
typedef int (*block_match)(const struct block *block, const void *what);

/* Unpins every pinned block that `match` picks and no graph names, before returning.  Context: hook. */
void engine_demote_matching(block_match match, const void *what);

/* Unpins every pinned block that `match` picks, before returning: their contexts are ending, and so are the graphs that
 * name them.  Context: driver hook. */
void engine_lose_matching(block_match match, const void *what);

/* The application is about to register (part of) the block itself: unpinned, and not pinned again until the same number
 * of engine_app_release() calls.  Context: driver hook. */
void engine_app_claim(struct block *block);
void engine_app_release(struct block *block);

/* The program changed what free() cannot undo (protection, locks, inheritance): the block is not pinned from now on,
 * and its slot begins anew once it is freed.  Context: any. */
void engine_taint(struct block *block);

/* The program asked for huge pages for the block: its site's page faults are cheap.  Context: any. */
void engine_huge(struct block *block);

/* A graph names the block: it stays as it is for ever.  Context: driver hook. */
void engine_hold(struct block *block);

/* Does what is queued.  Returns how long until there may be more to do; UINT64_MAX when nothing is foreseen.
 * Units: ns.  Context: worker. */
uint64_t engine_work(void);

/* Between the parts of a long pin or unpin: lets a fork() that waits for it go ahead.  Returns 0 when the process is
 * ending: no driver call may follow.  Context: prim_pin(), prim_unpin(). */
int engine_pause(void);

/* Around driver calls that autopin makes on its own account outside engine_work(): begin returns 0 when the process is
 * ending and none may be made; engine_stop() and fork() wait for the end. */
int engine_enter(void);
void engine_leave(void);

/* No more pins and unpins; returns when the one under way has ended.  Context: exit. */
void engine_stop(void);

/* Gives up all promotions that are queued: there is no worker to do them. */
void engine_drop_queue(void);

/* Before fork(): waits for the pin under way and takes the locks of engine and sites.  Afterwards, in the parent, drops
 * them; in the child, where no other thread exists, forgets every pin as well. */
void engine_fork_take(void);
void engine_fork_parent(void);
void engine_fork_child(void);

#endif
