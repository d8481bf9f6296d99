/* Events behind copies.  See flight.h. */
#include "flight.h"

#include <errno.h>
#include <stdatomic.h>

#include "policy/engine.h"
#include "policy/lock.h"
#include "policy/mem.h"
#include "policy/prim.h"
#include "worker.h"

enum {
    PATIENCE = 20
};

typedef CUresult (*create_fn)(CUevent *, unsigned);
typedef CUresult (*record_fn)(CUevent, CUstream);
typedef CUresult (*event_fn)(CUevent);

struct flight {
    struct flight *next;
    struct block *block;
    CUcontext context; /* that the event belongs to */
    CUevent event;
    _Atomic uint32_t asked; /* the worker is asking the driver about it: it stays in the list meanwhile */
    uint32_t round;         /* the worker's, in which it was last asked about; 0: in none */
    uint32_t unanswered;    /* how often the driver would not say */
};

static struct lock flight_lock = LOCK_OF(RANK_FLIGHT);
static struct flight *in_flight, *spare; /* `spare`: their events can be used again */

/* Returns whether the list was empty. */
static int push(struct flight **list, struct flight *flight)
{
    lock_take(&flight_lock);
    const int first = *list == NULL;
    flight->next = *list;
    *list = flight;
    lock_drop(&flight_lock);
    return first;
}

/* Lock: flight_lock. */
static void unlink_flight(struct flight **list, const struct flight *flight)
{
    while (*list != flight)
        list = &(*list)->next;
    *list = flight->next;
}

/* A spare one whose event belongs to the context. */
static struct flight *take_spare(CUcontext context)
{
    lock_take(&flight_lock);
    struct flight *flight = spare;
    while (flight && flight->context != context)
        flight = flight->next;
    if (flight)
        unlink_flight(&spare, flight);
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

static void unmake(struct flight *flight)
{
    (void)REAL(EP_cuEventDestroy_v2, event_fn, flight->event);
    mem_put(flight, sizeof *flight);
}

/* An event behind all that has been issued on the stream, or NULL. */
static struct flight *recorded(CUstream stream, int per_thread)
{
    const CUcontext context = driver_context();
    struct flight *flight = context ? take_spare(context) : NULL;
    if (!context || (!flight && !(flight = make(context))))
        return NULL;
    if (REAL(per_thread ? EP_cuEventRecord_ptsz : EP_cuEventRecord, record_fn, flight->event, stream) == CUDA_SUCCESS)
        return flight;
    push(&spare, flight);
    return NULL;
}

struct flight *flight_mark(CUstream stream, int per_thread)
{
    return recorded(stream, per_thread);
}

int flight_is_over(struct flight *mark)
{
    CUstreamCaptureMode mode;
    if (mark->context == driver_context())
        return REAL(EP_cuEventQuery, event_fn, mark->event) == CUDA_SUCCESS;
    if (driver_enter(mark->context, &mode))
        return 0;
    const int over = REAL(EP_cuEventQuery, event_fn, mark->event) == CUDA_SUCCESS;
    driver_leave(mode);
    return over;
}

CUresult flight_await(struct flight *mark)
{
    return REAL(EP_cuEventSynchronize, event_fn, mark->event);
}

void flight_put(struct flight *mark)
{
    push(&spare, mark);
}

int flight_ends(const struct flight *mark, const struct ending *ending)
{
    return ending_covers(ending, mark->context);
}

int flight_destroy(struct flight *mark)
{
    CUstreamCaptureMode mode;
    CUresult result = CUDA_ERROR_INVALID_CONTEXT;
    if (driver_enter(mark->context, &mode) == 0) {
        result = flight_await(mark);
        driver_leave(mode);
    }
    unmake(mark);
    return result == CUDA_SUCCESS ? 0 : -EIO;
}

CUresult flight_wait(CUstream stream, int per_thread)
{
    struct flight *flight = recorded(stream, per_thread);
    if (!flight)
        return CUDA_ERROR_OUT_OF_MEMORY;
    const CUresult result = flight_await(flight);
    push(&spare, flight);
    return result;
}

int flight_add(struct block *block, CUstream stream, int per_thread)
{
    struct flight *flight = worker_is_possible() ? recorded(stream, per_thread) : NULL;
    if (!flight)
        return -EAGAIN;
    flight->block = block;
    flight->unanswered = 0;
    flight->round = 0; /* its event may have been used for another copy in this very round */
    engine_copy_begin(block);
    if (push(&in_flight, flight)) /* else the worker is looking after the others already */
        prim_kick();
    return 0;
}

/* The next one that has not been asked about in this round. */
static struct flight *ask_next(uint32_t round)
{
    lock_take(&flight_lock);
    struct flight *flight = in_flight;
    while (flight && flight->round == round)
        flight = flight->next;
    if (flight) {
        flight->round = round;
        atomic_store(&flight->asked, 1);
    }
    lock_drop(&flight_lock);
    return flight;
}

enum answer {
    GOING_ON,
    OVER,
    LOST /* its context has died, and its event with it */
};

/* Errors say nothing about the copy: after some, it is waited for; if that fails as well it is taken to be over. */
static enum answer ask(struct flight *flight)
{
    CUstreamCaptureMode mode;
    if (driver_enter(flight->context, &mode))
        return LOST;
    CUresult result = REAL(EP_cuEventQuery, event_fn, flight->event);
    if (result != CUDA_SUCCESS && result != CUDA_ERROR_NOT_READY && ++flight->unanswered == PATIENCE)
        result = REAL(EP_cuEventSynchronize, event_fn, flight->event);
    driver_leave(mode);
    return result == CUDA_SUCCESS || flight->unanswered >= PATIENCE ? OVER : GOING_ON;
}

/* Its event can be used again before anybody who waits for the block can end the context. */
static void settle(struct flight *flight, enum answer answer)
{
    struct block *block = flight->block;
    lock_take(&flight_lock);
    if (answer != GOING_ON)
        unlink_flight(&in_flight, flight);
    if (answer == OVER) {
        flight->next = spare;
        spare = flight;
    }
    atomic_store(&flight->asked, 0);
    lock_drop(&flight_lock);
    prim_wake(&flight->asked);
    if (answer == LOST)
        mem_put(flight, sizeof *flight);
    if (answer != GOING_ON)
        engine_copy_end(block);
}

int flight_reap(void)
{
    static uint32_t round;
    struct flight *flight;
    int left = 0;
    if (++round == 0)
        round = 1;
    while ((flight = ask_next(round))) {
        const enum answer answer = ask(flight);
        left |= answer == GOING_ON;
        settle(flight, answer);
    }
    return left;
}

/* Takes one that belongs to the contexts out of its list; or says which one the worker is asking about. */
static struct flight *take_ending(struct flight **list, const struct ending *ending, struct flight **asked)
{
    lock_take(&flight_lock);
    struct flight *flight = *list;
    *asked = NULL;
    for (; flight; flight = flight->next) {
        if (!ending_covers(ending, flight->context))
            continue;
        if (!atomic_load(&flight->asked)) {
            unlink_flight(list, flight);
            break;
        }
        *asked = flight;
    }
    lock_drop(&flight_lock);
    return flight;
}

void flight_end(const struct ending *ending)
{
    struct flight *flight, *asked;
    CUstreamCaptureMode mode;
    while ((flight = take_ending(&in_flight, ending, &asked)) || asked) {
        if (!flight) {
            prim_wait(&asked->asked, 1);
            continue;
        }
        if (driver_enter(flight->context, &mode) == 0) {
            (void)REAL(EP_cuEventSynchronize, event_fn, flight->event);
            driver_leave(mode);
        }
        engine_copy_end(flight->block);
        unmake(flight);
    }
    while ((flight = take_ending(&spare, ending, &asked)))
        unmake(flight);
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
