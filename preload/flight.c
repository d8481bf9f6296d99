/* Copies in flight.  See flight.h. */
#include "flight.h"

#include <errno.h>

#include "driver.h"
#include "policy/engine.h"
#include "policy/lock.h"
#include "policy/mem.h"

typedef CUresult (*current_fn)(CUcontext *);
typedef CUresult (*create_fn)(CUevent *, unsigned);
typedef CUresult (*record_fn)(CUevent, CUstream);
typedef CUresult (*event_fn)(CUevent);

struct flight {
    struct flight *next;
    struct block *block;
    CUcontext context; /* that the event belongs to */
    CUevent event;
};

static struct lock flight_lock = {.rank = RANK_FLIGHT};
static struct flight *in_flight, *spare; /* `spare`: their events can be used again */

static void push(struct flight **list, struct flight *flight)
{
    lock_take(&flight_lock);
    flight->next = *list;
    *list = flight;
    lock_drop(&flight_lock);
}

static struct flight *take_all(struct flight **list)
{
    lock_take(&flight_lock);
    struct flight *all = *list;
    *list = NULL;
    lock_drop(&flight_lock);
    return all;
}

/* A spare one whose event belongs to the context. */
static struct flight *take_spare(CUcontext context)
{
    lock_take(&flight_lock);
    struct flight **link = &spare, *flight;
    while ((flight = *link) && flight->context != context)
        link = &flight->next;
    if (flight)
        *link = flight->next;
    lock_drop(&flight_lock);
    return flight;
}

static struct flight *make(CUcontext context)
{
    struct flight *flight = mem_get(sizeof *flight);
    if (!flight)
        return NULL;
    flight->context = context;
    if (REAL(EP_cuEventCreate, create_fn, &flight->event, CU_EVENT_DISABLE_TIMING) == CUDA_SUCCESS)
        return flight;
    mem_put(flight, sizeof *flight);
    return NULL;
}

int flight_add(struct block *block, CUstream stream, int per_thread)
{
    CUcontext context = NULL;
    if (REAL(EP_cuCtxGetCurrent, current_fn, &context) != CUDA_SUCCESS || !context)
        return -EINVAL;
    struct flight *flight = take_spare(context);
    if (!flight && !(flight = make(context)))
        return -ENOMEM;
    if (REAL(per_thread ? EP_cuEventRecord_ptsz : EP_cuEventRecord, record_fn, flight->event, stream) != CUDA_SUCCESS) {
        push(&spare, flight);
        return -EIO;
    }
    flight->block = block;
    engine_copy_begin(block);
    push(&in_flight, flight);
    prim_kick();
    return 0;
}

/* Whether the copy is over.  A context that has died cannot be entered: then nothing is in flight any more. */
static int over(const struct flight *flight)
{
    CUstreamCaptureMode mode;
    if (driver_enter(flight->context, &mode))
        return 1;
    const CUresult result = REAL(EP_cuEventQuery, event_fn, flight->event);
    driver_leave(mode);
    /* Errors of capture say nothing about the copy; any other means that the context is lost, and with it the copy. */
    return result != CUDA_ERROR_NOT_READY &&
           (result < CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED || result > CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD);
}

int flight_reap(void)
{
    struct flight *flight = take_all(&in_flight), *next;
    int left = 0;
    for (; flight; flight = next) {
        next = flight->next;
        if (over(flight)) {
            engine_copy_end(flight->block);
            push(&spare, flight);
        } else {
            push(&in_flight, flight);
            left = 1;
        }
    }
    return left;
}

void flight_drop_events(void)
{
    struct flight *next;
    for (struct flight *flight = take_all(&spare); flight; flight = next) {
        next = flight->next;
        (void)REAL(EP_cuEventDestroy_v2, event_fn, flight->event);
        mem_put(flight, sizeof *flight);
    }
}

void flight_fork_take(void)
{
    lock_take(&flight_lock);
}

void flight_fork_drop(void)
{
    lock_drop(&flight_lock);
}

void flight_fork_child(void)
{
    in_flight = spare = NULL;
}
