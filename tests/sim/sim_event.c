/* Owns events: a record is one cuEventRecord and outlives its event while a stream waits for it.
 *
 * Takes sim.lock; sim_record_put is called with it held. */
#define _GNU_SOURCE
#include "sim.h"

enum {
    EVENT_FLAGS = 7,
    WAIT_FLAGS = 1,
    RECORD_FLAGS = 1
};

void sim_record_put(struct sim_record *r)
{
    if (r && --r->refs == 0)
        sim_free(r, sizeof *r);
}

static struct sim_event *event_at(CUevent h)
{
    return sim_handle_is(h, KIND_EVENT) ? (struct sim_event *)h : NULL;
}

CUresult cuEventCreate(CUevent *out, unsigned flags)
{
    ENTER(cuEventCreate, 0);
    if (!out || (flags & ~(unsigned)EVENT_FLAGS))
        return CUDA_ERROR_INVALID_VALUE;
    struct sim_event *e = sim_alloc(sizeof *e);
    e->flags = flags;
    e->ctx = sim_ctx_current();
    sim_lock();
    sim_handle_add(e, KIND_EVENT);
    sim_unlock();
    *out = (CUevent)e;
    return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent h)
{
    ENTER(cuEventDestroy_v2, 0);
    sim_lock();
    struct sim_event *e = event_at(h);
    if (e) {
        sim_handle_remove(e);
        sim_record_put(e->record);
        sim_free(e, sizeof *e);
    }
    sim_unlock();
    return e ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

static CUresult record(CUevent h, CUstream stream, bool per_thread, unsigned flags)
{
    struct sim_stream *s;
    struct sim_capture *capture;
    if (flags & ~(unsigned)RECORD_FLAGS)
        return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    struct sim_event *e = event_at(h);
    CUresult rc = e ? sim_stream_find(stream, per_thread, &s) : CUDA_ERROR_INVALID_HANDLE;
    if (rc == CUDA_SUCCESS && s->ctx != e->ctx)
        rc = CUDA_ERROR_INVALID_HANDLE;
    if (rc == CUDA_SUCCESS)
        rc = sim_capture_for(s, true, &capture);
    if (rc == CUDA_SUCCESS) {
        sim_record_put(e->record);
        e->record = NULL;
        e->capture_id = 0;
        if (capture) {
            sim_capture_event_record(s, e);
        } else {
            struct sim_op *op = sim_op_new(OP_RECORD);
            op->record = e->record = sim_alloc(sizeof *e->record);
            op->record->refs = 2;
            sim_stream_push(s, op);
        }
    }
    sim_unlock();
    return rc;
}

CUresult cuEventRecord(CUevent h, CUstream s)
{
    ENTER(cuEventRecord, 0);
    return record(h, s, false, 0);
}

CUresult cuEventRecord_ptsz(CUevent h, CUstream s)
{
    ENTER(cuEventRecord_ptsz, 0);
    return record(h, s, true, 0);
}

CUresult cuEventRecordWithFlags(CUevent h, CUstream s, unsigned flags)
{
    ENTER(cuEventRecordWithFlags, 0);
    return record(h, s, false, flags);
}

CUresult cuEventRecordWithFlags_ptsz(CUevent h, CUstream s, unsigned flags)
{
    ENTER(cuEventRecordWithFlags_ptsz, 0);
    return record(h, s, true, flags);
}

CUresult cuEventQuery(CUevent h)
{
    ENTER(cuEventQuery, EN_UNSAFE);
    sim_lock();
    struct sim_event *e = event_at(h);
    CUresult rc = CUDA_SUCCESS;
    if (!e)
        rc = CUDA_ERROR_INVALID_HANDLE;
    else if (e->capture_id)
        rc = SIM_ERROR_CAPTURED_EVENT;
    else if (e->record && !e->record->done)
        rc = CUDA_ERROR_NOT_READY;
    sim_unlock();
    return rc;
}

CUresult cuEventSynchronize(CUevent h)
{
    ENTER(cuEventSynchronize, EN_UNSAFE);
    sim_lock();
    struct sim_event *e = event_at(h);
    CUresult rc = !e ? CUDA_ERROR_INVALID_HANDLE : e->capture_id ? SIM_ERROR_CAPTURED_EVENT : CUDA_SUCCESS;
    if (rc == CUDA_SUCCESS && e->record) {
        struct sim_record *r = e->record;
        r->refs++;
        while (!r->done)
            pthread_cond_wait(&sim.progress, &sim.lock);
        sim_record_put(r);
    }
    sim_unlock();
    return rc;
}

CUresult cuEventElapsedTime(float *ms, CUevent begin, CUevent end)
{
    ENTER(cuEventElapsedTime, 0);
    if (!ms)
        return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    struct sim_event *a = event_at(begin), *b = event_at(end);
    CUresult rc = CUDA_SUCCESS;
    if (!a || !b || !a->record || !b->record || ((a->flags | b->flags) & CU_EVENT_DISABLE_TIMING))
        rc = CUDA_ERROR_INVALID_HANDLE;
    else if (!a->record->done || !b->record->done)
        rc = CUDA_ERROR_NOT_READY;
    else
        *ms = (float)((double)(int64_t)(b->record->ns - a->record->ns) / 1e6);
    sim_unlock();
    return rc;
}

static CUresult wait_event(CUstream stream, CUevent h, unsigned flags, bool per_thread)
{
    struct sim_stream *s;
    if (flags & ~(unsigned)WAIT_FLAGS)
        return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    struct sim_event *e = event_at(h);
    CUresult rc = e ? sim_stream_find(stream, per_thread, &s) : CUDA_ERROR_INVALID_HANDLE;
    if (rc == CUDA_SUCCESS && (e->capture_id || s->capture)) {
        rc = sim_capture_event_wait(s, e);
    } else if (rc == CUDA_SUCCESS && e->record && !e->record->done) {
        struct sim_op *op = sim_op_new(OP_WAIT);
        op->record = e->record;
        op->record->refs++;
        sim_stream_push(s, op);
    }
    sim_unlock();
    return rc;
}

CUresult cuStreamWaitEvent(CUstream s, CUevent h, unsigned flags)
{
    ENTER(cuStreamWaitEvent, 0);
    return wait_event(s, h, flags, false);
}

CUresult cuStreamWaitEvent_ptsz(CUstream s, CUevent h, unsigned flags)
{
    ENTER(cuStreamWaitEvent_ptsz, 0);
    return wait_event(s, h, flags, true);
}
