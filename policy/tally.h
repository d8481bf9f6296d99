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
    TALLY_SITES = 1024
};

/* Of one thread, and after its end of another.  Zeroed when new; aligned to a cache line. */
struct tally {
    struct share of[TALLY_SITES];
};

/* A block of so many bytes is served, freed, or changes its size. */
void tally_born(struct site *site, size_t bytes);
void tally_gone(struct site *site, size_t bytes);
void tally_resized(struct site *site, size_t from, size_t to);

/* Whether the site has served so many blocks: for one, most often known without looking at other threads' shares. */
int tally_has_served(const struct site *site, uint64_t blocks);

/* Begins anew, in a forked child: what lives lives on, but none of it was served there. */
void tally_forget(struct site *site);

/* Sums.  Units: blocks, bytes. */
uint64_t site_blocks(const struct site *site);
uint64_t site_bytes(const struct site *site);
uint64_t site_blocks_gone(const struct site *site);
uint64_t site_blocks_live(const struct site *site);
uint64_t site_bytes_live(const struct site *site);
uint64_t site_blocks_live_peak(const struct site *site);
uint64_t site_bytes_live_peak(const struct site *site);

#endif
