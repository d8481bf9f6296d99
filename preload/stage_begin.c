/* The first slots of a process.  See stage_int.h.  No lock.
 *
 * Making a slot resident and registering it takes as long as copying some MiB: a copy that waited for three of them
 * would be slower than the plain one.  So it begins plain, part by part, while the worker makes them, and is staged
 * from where it has come to when they are there.  What is wanted and what is being made are one word each: whoever ends
 * a context takes the one back and waits for the other. */
#include <stdatomic.h>

#include "driver.h"
#include "policy/cost.h"
#include "policy/pace.h"
#include "policy/prim.h"
#include "stage_int.h"
#include "stage_ring.h"
#include "worker.h"

enum {
    PART_BYTES = 8 << 20 /* takes a millisecond at 8 GB/s */
};
static const uint64_t BACKOFF_NS = 1000000000; /* after a slot could not be made: the caps are full, as like as not */

static _Atomic(CUcontext) wanted, making; /* slots, in this context; NULL: none */
static _Atomic uint32_t made;             /* changes when nothing is being made any more */
static _Atomic uint64_t refused_ns;       /* when a slot could not be made; 0: it could */

/* --- the copy -------------------------------------------------------------------------------------------------------
 */

static struct copy part_of(const struct copy *copy, size_t done)
{
    struct copy part = copy_after(copy, done);
    if (part.bytes > PART_BYTES)
        part.bytes = PART_BYTES;
    return part;
}

/* Not long ago: those there are have to do. */
static int was_refused(void)
{
    const uint64_t at = atomic_load(&refused_ns);
    return at && prim_now_ns() - at < BACKOFF_NS;
}

/* Asks for the slots that are missing.  Returns whether somebody is at it. */
static int ask(CUcontext context)
{
    CUcontext none = NULL;
    if (!context || pace_first_slots(ring_slots()) == 0 || was_refused() || !worker_is_possible())
        return 0;
    if (!atomic_compare_exchange_strong(&wanted, &none, context))
        return none == context;
    prim_kick();
    return 1;
}

/* With captures relaxed, as the chunks of a staged copy are: there was none when the program made its call, and one
 * that begins elsewhere meanwhile is none of that call's business. */
static CUresult copy_parts(const struct copy *copy, enum direction dir, stage_plain plain, struct block *block,
                           CUcontext context, size_t *begun)
{
    const CUstreamCaptureMode mode = driver_relax_captures();
    CUresult result = CUDA_SUCCESS;
    while (result == CUDA_SUCCESS && *begun < copy->bytes && atomic_load(&wanted) == context) {
        const struct copy part = part_of(copy, *begun);
        result = plain(&part, dir, block);
        *begun += result == CUDA_SUCCESS ? part.bytes : 0;
    }
    driver_restore_captures(mode);
    return result;
}

CUresult stage_begin(const struct copy *copy, enum direction dir, stage_plain plain, struct block *block, size_t *begun)
{
    const CUcontext context = driver_context();
    if (!ask(context))
        return CUDA_SUCCESS;
    const uint64_t begin = prim_now_ns();
    const CUresult result = copy_parts(copy, dir, plain, block, context, begun);
    if (*begun && *begun < copy->bytes) /* the whole is its maker's to count */
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
        const int enough = pace_first_slots(ring_slots()) == 0, there = enough || make_one(context);
        atomic_store(&refused_ns, there ? 0 : prim_now_ns());
        if (enough || !there)
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
