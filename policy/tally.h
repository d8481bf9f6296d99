/* Tallies: what each thread counts of the blocks of each site.
 *
 * Threads that allocate from the same place would take the cache line of its counters from each other, and one that
 * allocates alone would pay for atomic additions; so each adds to shares of its own, which only ever grow, and the sums
 * are made when somebody asks.  How many live at most cannot be told from sums: a share tells its site what it has come
 * to whenever that has changed by TELL_AT blocks; the peak is exact for one thread, and too high by less than that for
 * each further one.  A thread without a tally (prim_tally()), and a site beyond the last share, share the site's own.
 *
 * Owns the counts of blocks and bytes of all sites.  No lock.  Callers: engine.c (additions), everybody (sums). */
#ifndef AUTOPIN_TALLY_H
#define AUTOPIN_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "site.h"

enum {
    TALLY_SITES = 1024,
    TALLY_GROUP = 64, /* shares that are made at once: a page of them */
    TALLY_GROUPS = TALLY_SITES / TALLY_GROUP
};

/* Of one thread, and after its end of another.  Zeroed when new.  Groups are made by that thread, in the record, as it
 * comes to sites of theirs, and never go. */
struct tally {
    struct share *_Atomic group[TALLY_GROUPS + 1]; /* the last: of no memory, for sites beyond the last share */
};

/* Gives a site its number, and with it the place of its shares. */
void tally_number(struct site *site, unsigned number);

/* A block of so many bytes is served, freed, or changes its size. */
void tally_born(struct site *site, size_t bytes);
void tally_gone(struct site *site, size_t bytes);
void tally_resized(struct site *site, size_t from, size_t to);

/* Whether the site has served so many blocks: for one, most often known without looking at other threads' shares. */
int tally_has_served(const struct site *site, uint64_t blocks);

/* Begins anew, in a forked child: nothing was served there, and nothing lives but what tally_inherit() says. */
void tally_forget(struct site *site);

/* A block that the parent served lives on. */
void tally_inherit(struct site *site, size_t bytes);

/* Adds a share that another process left to what the site counts itself. */
void tally_restore(struct site *site, const struct share *share);

/* Sums.  Units: blocks, bytes. */
uint64_t site_blocks(const struct site *site);
uint64_t site_bytes(const struct site *site);
uint64_t site_blocks_gone(const struct site *site);
uint64_t site_blocks_live(const struct site *site);
uint64_t site_bytes_live(const struct site *site);
uint64_t site_blocks_live_peak(const struct site *site);
uint64_t site_bytes_live_peak(const struct site *site);

#endif
