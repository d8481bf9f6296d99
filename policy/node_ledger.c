/* The node ledger: see node_ledger.h. */
#include "node_ledger.h"

#include <errno.h>
#include <stddef.h>

#include "lock.h"
#include "prim.h"
#include "site.h"

static const uint64_t PURGE_NS = 100000000; /* asking for the dead takes a system call or three for each slot */

static struct {
    struct lock lock;
    uint64_t cap;
    _Atomic(struct node_table *) table;
    _Atomic int missing;        /* there is no table, and will be none */
    _Atomic uint64_t peak;      /* the most that all had when we were granted some */
    _Atomic uint64_t purged_ns; /* when the dead were asked for */
    uint64_t name;              /* under lock: prim_process(); 0: not yet asked */
    uint64_t held;              /* under lock: what stands in our slot, whatever others write there */
    struct node_slot *own;      /* under lock */
} node = {.lock = LOCK_OF(RANK_NODE)};

void node_ledger_start(uint64_t cap_bytes)
{
    node.cap = cap_bytes;
}

/* Mapped when it is first wanted; NULL when it cannot be. */
static struct node_table *table_get(void)
{
    struct node_table *table = atomic_load(&node.table), *fresh;
    if (table || atomic_load(&node.missing))
        return table;
    fresh = prim_node_map(sizeof *fresh);
    if (!fresh) {
        atomic_store(&node.missing, 1);
        return NULL;
    }
    if (atomic_compare_exchange_strong(&node.table, &table, fresh))
        return fresh;
    prim_unmap(fresh, sizeof *fresh);
    return table;
}

/* Of all processes; UINT64_MAX when it is more than that. */
static uint64_t sum(struct node_table *table)
{
    uint64_t bytes = 0;
    for (struct node_slot *slot = table->slot; slot < table->slot + NODE_SLOTS; slot++)
        if (atomic_load(&slot->owner) && __builtin_add_overflow(bytes, atomic_load(&slot->bytes), &bytes))
            return UINT64_MAX;
    return bytes;
}

/* --- under the lock -------------------------------------------------------------------------------------------------
 */

static uint64_t own_name(void)
{
    if (!node.name)
        node.name = prim_process();
    return node.name;
}

/* Frees the slots of the dead.  A slot changes hands with its bytes in it, so that it counts until they are gone; if
 * this process is killed in between, the slot is that of a dead one again. */
static void purge(struct node_table *table)
{
    for (struct node_slot *slot = table->slot; slot < table->slot + NODE_SLOTS; slot++) {
        uint64_t owner = atomic_load(&slot->owner);
        if (!owner || owner == own_name() || prim_process_lives(owner) ||
            !atomic_compare_exchange_strong(&slot->owner, &owner, own_name()))
            continue;
        atomic_store(&slot->bytes, 0);
        atomic_store(&slot->owner, 0);
    }
}

/* Ours already (from before an exec), or a free one. */
static struct node_slot *slot_claim(struct node_table *table)
{
    for (struct node_slot *slot = table->slot; slot < table->slot + NODE_SLOTS; slot++)
        if (atomic_load(&slot->owner) == own_name())
            return slot;
    for (struct node_slot *slot = table->slot; slot < table->slot + NODE_SLOTS; slot++) {
        uint64_t owner = 0;
        if (atomic_compare_exchange_strong(&slot->owner, &owner, own_name()))
            return slot;
    }
    return NULL;
}

/* Enters what this process holds into its slot, another one when that was taken from it; 0: there is none. */
static int enter(struct node_table *table)
{
    if (!node.own || atomic_load(&node.own->owner) != own_name())
        node.own = slot_claim(table);
    if (!node.own) {
        purge(table);
        node.own = slot_claim(table);
    }
    if (node.own)
        atomic_store(&node.own->bytes, node.held);
    return node.own != NULL;
}

/* --------------------------------------------------------------------------------------------------------------------
 */

/* Changes what this process holds; 0: it is not in the table. */
static int change(struct node_table *table, uint64_t more, uint64_t less)
{
    lock_take(&node.lock);
    node.held += more - less;
    const int entered = enter(table);
    lock_drop(&node.lock);
    return entered;
}

static int has_room(struct node_table *table, uint64_t bytes)
{
    return bytes <= node.cap && sum(table) <= node.cap - bytes;
}

static void purge_sometimes(struct node_table *table)
{
    const uint64_t now = prim_now_ns();
    uint64_t last = atomic_load(&node.purged_ns);
    if ((last && now - last < PURGE_NS) || !atomic_compare_exchange_strong(&node.purged_ns, &last, now))
        return;
    lock_take(&node.lock);
    purge(table);
    lock_drop(&node.lock);
}

int node_ledger_reserve(uint64_t bytes)
{
    if (!node.cap)
        return 0;
    struct node_table *table = table_get();
    if (!table)
        return -EDQUOT;
    if (!has_room(table, bytes))
        purge_sometimes(table);
    if (!has_room(table, bytes)) /* those that fit are not refused for the sake of one that does not */
        return -EDQUOT;
    const uint64_t all = change(table, bytes, 0) ? sum(table) : UINT64_MAX;
    if (all <= node.cap) {
        peak_raise(&node.peak, all);
        return 0;
    }
    change(table, 0, bytes);
    return -EDQUOT;
}

void node_ledger_release(uint64_t bytes)
{
    struct node_table *table = atomic_load(&node.table);
    if (node.cap && table)
        change(table, 0, bytes);
}

/* The child may be in another PID namespace than the table, so it asks for its own. */
void node_ledger_forget(void)
{
    struct node_table *table = atomic_exchange(&node.table, NULL);
    if (table)
        prim_unmap(table, sizeof *table);
    atomic_store(&node.lock.word, 0); /* another thread of the parent may have had it */
    atomic_store(&node.purged_ns, 0);
    atomic_store(&node.peak, 0);
    node.name = node.held = 0;
    node.own = NULL;
}

uint64_t node_ledger_cap_bytes(void)
{
    return node.cap;
}

uint64_t node_ledger_bytes(void)
{
    struct node_table *table = atomic_load(&node.table);
    return table ? sum(table) : 0;
}

uint64_t node_ledger_peak_bytes(void)
{
    return atomic_load(&node.peak);
}
