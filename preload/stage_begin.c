/* The first slots of a process.  See stage_int.h.  No lock.
 *
 * Making a slot resident and registering it takes as long as copying some MiB: a copy that waited for three of them
 * would be slower than the plain one.  So it begins plain, part by part, while the worker makes them, and is staged
 * from where it has come to when they are there.  What is wanted and what is being made are one word each: whoever ends
 * a context takes the one back and waits for the other. */
#include <stdatomic.h>

#include "driver.h"
#include "flight.h"
#include "policy/cost.h"
#include "policy/pace.h"
#include "policy/prim.h"
#include "stage_int.h"
#include "stage_ring.h"
#include "worker.h"

enum {
    PART_BYTES = 8 << 20 /* a millisecond */
};

static _Atomic(CUcontext) wanted, making; /* slots, in this context; NULL: none */
static _Atomic uint32_t made;             /* changes when nothing is being made any more */

/* --- the copy -------------------------------------------------------------------------------------------------------
 */

static struct copy part_of(const struct copy *copy, size_t done)
{
    const size_t left = copy->bytes - done;
    struct copy part = *copy;
    part.to += done;
    part.from += done;
    part.bytes = left < PART_BYTES ? left : PART_BYTES;
    return part;
}

/* Asks for the slots that are missing.  Returns whether somebody is at it. */
static int ask(CUcontext context)
{
    CUcontext none = NULL;
    if (!context || pace_first_slots(ring_slots()) == 0 || !worker_is_possible())
        return 0;
    if (!atomic_compare_exchange_strong(&wanted, &none, context))
        return none == context;
    prim_kick();
    return 1;
}

CUresult stage_begin(const struct copy *copy, enum direction dir, stage_plain plain, struct block *block, size_t *begun)
{
    const CUcontext context = driver_context();
    CUresult result = CUDA_SUCCESS;
    if (!ask(context))
        return result;
    const uint64_t begin = prim_now_ns();
    while (*begun < copy->bytes && atomic_load(&wanted) == context) {
        const struct copy part = part_of(copy, *begun);
        if ((result = plain(&part, dir, block)) != CUDA_SUCCESS)
            return result;
        *begun += part.bytes;
    }
    if (*begun)
        cost_copy_seen(dir, WAY_PLAIN, *begun, prim_now_ns() - begin);
    return result;
}

/* --- the worker -----------------------------------------------------------------------------------------------------
 */

static int make_one(CUcontext context)
{
    CUstreamCaptureMode mode;
    if (driver_enter(context, &mode))
        return 0;
    const int there = ring_add();
    driver_leave(mode);
    return there;
}

void stage_make_first(void)
{
    CUcontext context = atomic_load(&wanted);
    if (!context)
        return;
    atomic_store(&making, context);
    while (atomic_load(&wanted) == context) {
        CUcontext mine = context;
        if (pace_first_slots(ring_slots()) == 0 || !make_one(context))
            atomic_compare_exchange_strong(&wanted, &mine, NULL);
    }
    atomic_store(&making, NULL);
    atomic_fetch_add(&made, 1);
    prim_wake(&made);
}

/* --- the end of a context -------------------------------------------------------------------------------------------
 */

void stage_begin_end(const struct ending *ending)
{
    CUcontext context = atomic_load(&wanted);
    if (context && ending_covers(ending, context))
        atomic_compare_exchange_strong(&wanted, &context, NULL);
    for (;;) {
        const uint32_t seen = atomic_load(&made);
        context = atomic_load(&making);
        if (!context || !ending_covers(ending, context))
            return;
        prim_wait(&made, seen);
    }
}

void stage_begin_fork_child(void)
{
    atomic_store(&wanted, NULL);
    atomic_store(&making, NULL);
}
