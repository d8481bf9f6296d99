/* Slots: made, lent, given back.  See stage_ring.h. */
#define _GNU_SOURCE
#include "stage_ring.h"

#include <stdatomic.h>

#include "life.h"
#include "policy/engine.h"
#include "policy/ledger.h"
#include "policy/lock.h"
#include "policy/prim.h"
#include "policy/record.h"

typedef CUresult (*unregister_fn)(void *);

enum {
    SLOTS_MOST = 128 /* staging_memory can be set no higher (policy/options.def) */
};
static const uint64_t BACKOFF_NS = 1000000000; /* after a slot could not be made */
static const uint64_t WAY_NS = 200000000;      /* a block asks again within some copies */

static struct lock ring_lock = LOCK_OF(RANK_RING);
static struct slot slots[SLOTS_MOST];                 /* their states: ring_lock */
static _Atomic unsigned n_slots;                      /* that are not empty */
static _Atomic uint32_t returned;                     /* changes when a slot comes back */
static _Atomic uint64_t used_ns, retry_ns, closed_ns; /* until the latter none is lent */

unsigned ring_most(void)
{
    const uint64_t most = life_options()->staging_memory / SLOT_BYTES;
    return most < SLOTS_MOST ? (unsigned)most : SLOTS_MOST;
}

unsigned ring_slots(void)
{
    return atomic_load_explicit(&n_slots, memory_order_relaxed);
}

/* One state for another; returns whether the slot was in it. */
static int change(struct slot *slot, enum slot_state from, enum slot_state to)
{
    lock_take(&ring_lock);
    const int was = slot->state == from;
    if (was)
        slot->state = to;
    lock_drop(&ring_lock);
    return was;
}

static void set_state(struct slot *slot, enum slot_state state)
{
    lock_take(&ring_lock);
    slot->state = state;
    lock_drop(&ring_lock);
    atomic_fetch_add(&returned, 1);
    prim_wake(&returned);
}

/* --- making and unmaking --------------------------------------------------------------------------------------------
 */

/* As long as the system has memory to spare. */
static int make_reserved(struct slot *slot)
{
    int made = 0;
    slot->mark = NULL;
    slot->context = driver_context();
    if (slot->context && prim_memory_take(SLOT_BYTES, life_options()->min_free) && engine_enter()) {
        made = slot_register(slot);
        engine_leave();
    }
    if (!made) {
        atomic_store(&retry_ns, prim_now_ns() + BACKOFF_NS);
        ledger_release(SLOT_BYTES, 1);
    }
    return made;
}

/* A cap that was lowered grows again once the worker has looked; it may have nothing else to do. */
static void ask_for_room(void)
{
    if (ledger_cap_now_bytes() == ledger_cap_bytes())
        return;
    atomic_store(&retry_ns, prim_now_ns() + BACKOFF_NS);
    prim_kick();
}

/* Within the caps. */
static struct slot *make(void)
{
    struct slot *slot = slots;
    if (prim_now_ns() < atomic_load(&retry_ns))
        return NULL;
    while (slot < slots + ring_most() && !change(slot, SLOT_EMPTY, SLOT_LENT))
        slot++;
    if (slot == slots + ring_most())
        return NULL;
    const int full = ledger_reserve(SLOT_BYTES, 1);
    if (full)
        ask_for_room();
    if (full || !make_reserved(slot)) {
        set_state(slot, SLOT_EMPTY);
        return NULL;
    }
    level_add(&record.totals.staging_bytes, &record.totals.staging_bytes_peak, SLOT_BYTES);
    if (atomic_fetch_add(&n_slots, 1) == 0)
        prim_kick(); /* the worker looks after them */
    return slot;
}

/* Nothing uses the slot, which is LENT.  What cannot be unregistered stays as it is, for ever. */
static void unmake(struct slot *slot)
{
    CUstreamCaptureMode mode;
    CUresult result = CUDA_ERROR_INVALID_CONTEXT;
    if (driver_enter(slot->context, &mode) == 0) {
        result = REAL(EP_cuMemHostUnregister, unregister_fn, slot->memory);
        driver_leave(mode);
    }
    if (result != CUDA_SUCCESS) {
        ring_lose(slot);
        return;
    }
    slot_unmap(slot);
    ledger_release(SLOT_BYTES, 1);
    level_sub(&record.totals.staging_bytes, SLOT_BYTES);
    atomic_fetch_sub(&n_slots, 1);
    set_state(slot, SLOT_EMPTY);
}

void ring_lose(struct slot *slot)
{
    count_add(&record.totals.kept_blocks, 1);
    set_state(slot, SLOT_LOST);
}

/* --- lending --------------------------------------------------------------------------------------------------------
 */

/* Whether the slot's transfer is over; its mark then goes. */
static int settle(struct slot *slot)
{
    if (!slot->mark)
        return 1;
    if (!flight_is_over(slot->mark))
        return 0;
    flight_put(slot->mark);
    slot->mark = NULL;
    return 1;
}

void ring_put(struct slot *slot)
{
    atomic_store_explicit(&used_ns, prim_coarse_ns(), memory_order_relaxed);
    set_state(slot, slot->mark ? SLOT_MARKED : SLOT_FREE);
}

/* One that is free, or whose transfer is over; of that context, or (NULL) of any. */
static struct slot *take_made(CUcontext context)
{
    static const enum slot_state states[] = {SLOT_FREE, SLOT_MARKED};
    for (int i = 0; i < 2; i++)
        for (struct slot *slot = slots; slot < slots + SLOTS_MOST; slot++) {
            if ((context && slot->context != context) || !change(slot, states[i], SLOT_LENT))
                continue;
            if (settle(slot))
                return slot;
            set_state(slot, SLOT_MARKED);
        }
    return NULL;
}

/* Of its own context first: to end a context, one waits for the copies that use its slots. */
struct slot *ring_take(void)
{
    const uint64_t closed = atomic_load_explicit(&closed_ns, memory_order_relaxed);
    if (closed && prim_coarse_ns() < closed)
        return NULL;
    const CUcontext context = driver_context();
    struct slot *slot = context ? take_made(context) : NULL;
    if (!slot)
        slot = make();
    return slot ? slot : take_made(NULL);
}

int ring_add(void)
{
    struct slot *slot = make();
    if (slot)
        ring_put(slot);
    return slot != NULL;
}

/* --- giving back ----------------------------------------------------------------------------------------------------
 */

/* Whether the slot holds something of the contexts; if so, and nobody uses it, it is LENT to the caller. */
static int take_ending(struct slot *slot, const struct ending *ending, enum slot_state *was)
{
    lock_take(&ring_lock);
    *was = slot->state;
    const int concerned = *was != SLOT_EMPTY && (ending_covers(ending, slot->context) ||
                                                 (*was == SLOT_MARKED && flight_ends(slot->mark, ending)));
    if (concerned)
        slot->state = SLOT_LENT;
    lock_drop(&ring_lock);
    return concerned;
}

/* Of a lost slot too: to unregister it, the driver waits for what its context still does with it. */
static void end_slot(struct slot *slot, const struct ending *ending)
{
    const int known = slot->mark ? flight_destroy(slot->mark) == 0 : 1;
    slot->mark = NULL;
    if (ending_covers(ending, slot->context))
        unmake(slot);
    else if (known)
        set_state(slot, SLOT_FREE);
    else
        ring_lose(slot);
}

/* Waits while somebody uses it. */
static int take_ending_when_idle(struct slot *slot, const struct ending *ending)
{
    for (;;) {
        const uint32_t seen = atomic_load(&returned);
        enum slot_state was;
        if (!take_ending(slot, ending, &was))
            return 0;
        if (was != SLOT_LENT)
            return 1;
        prim_wait(&returned, seen);
    }
}

void ring_end(const struct ending *ending)
{
    for (struct slot *slot = slots; slot < slots + SLOTS_MOST; slot++)
        if (take_ending_when_idle(slot, ending))
            end_slot(slot, ending);
}

void ring_shed(uint64_t bytes)
{
    const uint64_t before = count_get(&record.totals.staging_bytes);
    for (struct slot *slot = slots; slot < slots + SLOTS_MOST; slot++) {
        if (before - count_get(&record.totals.staging_bytes) >= bytes)
            return;
        if (!change(slot, SLOT_FREE, SLOT_LENT) && !change(slot, SLOT_MARKED, SLOT_LENT))
            continue;
        if (settle(slot))
            unmake(slot);
        else
            set_state(slot, SLOT_MARKED);
    }
}

void ring_make_way(uint64_t bytes)
{
    atomic_store(&closed_ns, prim_coarse_ns() + WAY_NS);
    ring_shed(bytes);
}

uint64_t ring_reap(void)
{
    const uint64_t idle_ns = life_options()->idle_timeout, unused_ns = prim_coarse_ns() - atomic_load(&used_ns);
    if (ring_slots() == 0 || idle_ns == 0)
        return UINT64_MAX;
    if (unused_ns < idle_ns)
        return idle_ns - unused_ns;
    ring_shed(UINT64_MAX);
    return ring_slots() ? idle_ns : UINT64_MAX;
}

void ring_fork_take(void)
{
    lock_take(&ring_lock);
}

void ring_fork_drop(void)
{
    lock_drop(&ring_lock);
}

/* The registrations are the parent's, and so are the copies under way. */
void ring_fork_child(void)
{
    for (struct slot *slot = slots; slot < slots + SLOTS_MOST; slot++) {
        if (slot->memory && slot->state != SLOT_EMPTY)
            prim_unmap(slot->memory, SLOT_BYTES);
        *slot = (struct slot){.state = SLOT_EMPTY};
    }
    atomic_store(&n_slots, 0);
    atomic_store(&record.totals.staging_bytes, 0);
}
