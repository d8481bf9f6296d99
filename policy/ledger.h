/* The ledger: bytes and regions that autopin has page-locked, and the cap that they never exceed.
 *
 * Space is reserved before a pin and released after the unpin, so the cap holds at every instant.  Lock-free, but for
 * the cap that processes share (node_ledger.h). Callers: engine.c; report.c reads. */
#ifndef AUTOPIN_LEDGER_H
#define AUTOPIN_LEDGER_H

#include <stdatomic.h>
#include <stdint.h>

struct account {
    uint64_t cap;           /* the user's */
    _Atomic uint64_t now;   /* the cap in force: never above that */
    _Atomic uint64_t least; /* the lowest that it was */
    _Atomic uint64_t used, peak;
};

/* Lies in the record: record.h. */
struct ledger {
    struct account bytes, regions;
};

/* Sets the cap.  Call before the first reservation. */
void ledger_start(uint64_t cap_bytes, uint64_t cap_regions);

/* Sets the cap of bytes that is in force from now on, at most that; what is reserved above it stays so.  Context:
 * worker.
 */
void ledger_set_cap_now(uint64_t bytes);

/* Reserves bytes and regions together, or nothing.  Errors: -ENOSPC bytes, -EMFILE regions, -EDQUOT bytes of the node.
 */
int ledger_reserve(uint64_t bytes, uint32_t regions);

/* Gives back what ledger_reserve() gave. */
void ledger_release(uint64_t bytes, uint32_t regions);

/* Forgets every reservation (in a forked child, which has no pins).  The peaks start anew. */
void ledger_forget(void);

uint64_t ledger_cap_bytes(void);
uint64_t ledger_cap_now_bytes(void);   /* in force */
uint64_t ledger_cap_least_bytes(void); /* the lowest that was in force */
uint64_t ledger_cap_regions(void);
uint64_t ledger_bytes(void);
uint64_t ledger_regions(void);
uint64_t ledger_peak_bytes(void);
uint64_t ledger_peak_regions(void);

/* What the user's processes on this node may hold together, and do; 0 without max_pinned_node. */
uint64_t ledger_node_cap_bytes(void);
uint64_t ledger_node_bytes(void);
uint64_t ledger_node_peak_bytes(void); /* the most they did, as far as this process has seen */

#endif
