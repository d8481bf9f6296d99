/* The node ledger: bytes that all processes of a user on this node have page-locked, and the cap that they keep
 * together.
 *
 * A table that all of them map (prim_node_map()), with a slot for each process; a process writes to its own slot alone,
 * and adds up all.  It enters what it wants into its slot first, adds up then, and takes it back when that is too much:
 * of two that ask at once at least one sees the other, so they never exceed the cap together, but may both be refused.
 * Slots of processes that have died are recognised by pid and start time, when room or a slot is wanted.  Nothing that
 * stands in the table can do more than have pins refused, or (another process of the user writes zeroes) have the cap
 * exceeded.
 *
 * What a process had pinned counts until it ends, when it executes a program that autopin has no part in.
 * One lock, of the highest rank.  Callers: ledger.c. */
#ifndef AUTOPIN_NODE_LEDGER_H
#define AUTOPIN_NODE_LEDGER_H

#include <stdatomic.h>
#include <stdint.h>

enum {
    NODE_SLOTS = 1023
};

struct node_slot {
    _Atomic uint64_t owner; /* prim_process() of its process; 0: free */
    _Atomic uint64_t bytes;
};

/* The file: a new one is all zeroes. */
struct node_table {
    uint64_t unused[2];
    struct node_slot slot[NODE_SLOTS];
};

/* Sets the cap; 0: none, and the table is not wanted.  Call before the first reservation. */
void node_ledger_start(uint64_t cap_bytes);

/* Errors: -EDQUOT: there is no room, or no table. */
int node_ledger_reserve(uint64_t bytes);

/* Gives back what node_ledger_reserve() gave. */
void node_ledger_release(uint64_t bytes);

/* A forked child has a slot of its own, and nothing in it. */
void node_ledger_forget(void);

/* The cap, and the sum over all slots; 0 without a cap. */
uint64_t node_ledger_cap_bytes(void);
uint64_t node_ledger_bytes(void);

/* The most that this process has seen in sum when it was granted some: of all of them, who was granted the last bytes
 * of the true peak has seen that. */
uint64_t node_ledger_peak_bytes(void);

#endif
