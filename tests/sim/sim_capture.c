/* Owns stream capture: which streams capture into which graph, who is forbidden what meanwhile, and how it ends.
 *
 * All functions but the entry points and sim_capture_forbids are called with sim.lock held. */
#define _GNU_SOURCE
#include "sim.h"

enum {
    MODE_GLOBAL,
    MODE_THREAD_LOCAL,
    MODE_RELAXED,
    STATUS_NONE = 0,
    STATUS_ACTIVE,
    STATUS_INVALIDATED
};

void sim_capture_invalidate(struct sim_capture *c)
{
    if (!c->invalid)
        SIM_ADD(captures_invalidated, 1);
    c->invalid = true;
}

/* Whether a call that might wait or allocate is forbidden to this thread; if so the captures it endangers are lost. */
bool sim_capture_forbids(void)
{
    struct sim_thread *t = sim_thread();
    bool forbidden = false;
    if (atomic_load(&sim.captures_open) == 0 || t->mode == MODE_RELAXED)
        return false;
    sim_lock();
    for (struct sim_capture *c = sim.captures; c; c = c->next) {
        bool mine = c->owner == t->id;
        if (mine ? c->mode == MODE_RELAXED : t->mode != MODE_GLOBAL || c->mode != MODE_GLOBAL)
            continue;
        sim_capture_invalidate(c);
        forbidden = true;
    }
    sim_unlock();
    return forbidden;
}

/* Work on the legacy stream would depend on every blocking stream that captures. */
static bool legacy_blocked(const struct sim_stream *s, bool invalidate)
{
    bool blocked = false;
    if (s != s->ctx->legacy)
        return false;
    for (struct sim_stream *o = sim.streams; o; o = o->next) {
        if (!o->live || o->ctx != s->ctx || !o->blocking || !o->capture)
            continue;
        blocked = true;
        if (invalidate)
            sim_capture_invalidate(o->capture);
    }
    return blocked;
}

CUresult sim_capture_for(struct sim_stream *s, bool async, struct sim_capture **capture)
{
    *capture = NULL;
    if (legacy_blocked(s, true))
        return SIM_ERROR_STREAM_CAPTURE_IMPLICIT;
    if (!s->capture)
        return CUDA_SUCCESS;
    if (s->capture->invalid)
        return SIM_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (!async) {
        sim_capture_invalidate(s->capture);
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    *capture = s->capture;
    return CUDA_SUCCESS;
}

void sim_capture_add(struct sim_stream *s, enum sim_node_kind kind, const struct sim_op *op)
{
    struct sim_node *n = sim_graph_add(s->capture->graph, kind);
    n->xfer = op->xfer;
    n->fill = op->fill;
    n->host = op->host;
    s->capture_tip++;
    s->capture_joined = false;
}

void sim_capture_event_record(struct sim_stream *s, struct sim_event *e)
{
    e->capture_id = s->capture->id;
    e->capture_tip = s->capture_tip;
    e->capture_stream = s;
}

/* A stream that waits for a captured event joins the capture. */
CUresult sim_capture_event_wait(struct sim_stream *s, struct sim_event *e)
{
    struct sim_capture *c = sim.captures;
    while (c && c->id != e->capture_id)
        c = c->next;
    if (!c && !s->capture)
        return SIM_ERROR_CAPTURED_EVENT;
    if (!c) {
        if (!e->record && !e->capture_id)
            return CUDA_SUCCESS; /* never recorded: nothing to wait for */
        sim_capture_invalidate(s->capture);
        return SIM_ERROR_STREAM_CAPTURE_ISOLATION;
    }
    if (s == s->ctx->legacy || (s->capture && s->capture != c)) {
        sim_capture_invalidate(c);
        return s->capture ? SIM_ERROR_STREAM_CAPTURE_MERGE : SIM_ERROR_STREAM_CAPTURE_IMPLICIT;
    }
    if (!s->capture) {
        s->capture = c;
        s->capture_tip = 0;
    }
    s->capture_joined = false;
    if (e->capture_stream != s && e->capture_tip == e->capture_stream->capture_tip)
        e->capture_stream->capture_joined = true;
    return CUDA_SUCCESS;
}

/* Takes the capture apart; true if some stream's work was never joined into the origin. */
static bool close_capture(struct sim_capture *c)
{
    bool unjoined = false;
    for (struct sim_stream *s = sim.streams; s; s = s->next) {
        if (s->capture != c)
            continue;
        unjoined |= s != c->origin && !s->capture_joined;
        s->capture = NULL;
    }
    for (struct sim_capture **at = &sim.captures; *at; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            break;
        }
    }
    atomic_fetch_sub(&sim.captures_open, 1);
    return unjoined;
}

void sim_capture_stream_gone(struct sim_stream *s)
{
    struct sim_capture *c = s->capture;
    if (!c)
        return;
    sim_capture_invalidate(c);
    if (s != c->origin) {
        s->capture = NULL;
        return;
    }
    close_capture(c);
    sim_graph_delete(c->graph);
    sim_free(c, sizeof *c);
}

static CUresult begin(CUstream h, CUstreamCaptureMode mode, bool per_thread)
{
    struct sim_stream *s;
    if (mode < MODE_GLOBAL || mode > MODE_RELAXED)
        return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    CUresult rc = sim_stream_find(h, per_thread, &s);
    if (rc == CUDA_SUCCESS && s == s->ctx->legacy)
        rc = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    else if (rc == CUDA_SUCCESS && s->capture)
        rc = SIM_ERROR_ILLEGAL_STATE;
    if (rc == CUDA_SUCCESS) {
        struct sim_capture *c = sim_alloc(sizeof *c);
        *c = (struct sim_capture){.next = sim.captures,
                                  .id = ++sim.last_id,
                                  .owner = sim_thread()->id,
                                  .mode = mode,
                                  .origin = s,
                                  .graph = sim_graph_new(KIND_GRAPH, s->ctx)};
        sim.captures = s->capture = c;
        s->capture_tip = 0;
        atomic_fetch_add(&sim.captures_open, 1);
        SIM_ADD(captures_begun, 1);
    }
    sim_unlock();
    return rc;
}

static CUresult end(CUstream h, CUgraph *out, bool per_thread)
{
    struct sim_stream *s;
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    CUresult rc = sim_stream_find(h, per_thread, &s);
    struct sim_capture *c = rc == CUDA_SUCCESS ? s->capture : NULL;
    if (rc == CUDA_SUCCESS && !c)
        rc = SIM_ERROR_ILLEGAL_STATE;
    else if (c && c->origin != s)
        rc = SIM_ERROR_STREAM_CAPTURE_UNMATCHED;
    else if (c && c->mode != MODE_RELAXED && c->owner != sim_thread()->id)
        rc = SIM_ERROR_STREAM_CAPTURE_WRONG_THREAD;
    if (rc != CUDA_SUCCESS) {
        sim_unlock();
        return rc;
    }
    bool unjoined = close_capture(c);
    rc = c->invalid ? SIM_ERROR_STREAM_CAPTURE_INVALIDATED
         : unjoined ? SIM_ERROR_STREAM_CAPTURE_UNJOINED
                    : CUDA_SUCCESS;
    *out = rc == CUDA_SUCCESS ? (CUgraph)c->graph : NULL;
    if (rc != CUDA_SUCCESS)
        sim_graph_delete(c->graph);
    sim_free(c, sizeof *c);
    sim_unlock();
    return rc;
}

/* Where a caller asks only for the status, the other outputs are NULL. */
static CUresult info(CUstream h, bool per_thread, CUstreamCaptureStatus *status, cuuint64_t *id, CUgraph *graph)
{
    struct sim_stream *s;
    if (!status)
        return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    CUresult rc = sim_stream_find(h, per_thread, &s);
    if (rc == CUDA_SUCCESS && legacy_blocked(s, false))
        rc = SIM_ERROR_STREAM_CAPTURE_IMPLICIT;
    if (rc == CUDA_SUCCESS) {
        struct sim_capture *c = s->capture;
        *status = !c ? STATUS_NONE : c->invalid ? STATUS_INVALIDATED : STATUS_ACTIVE;
        if (c && id)
            *id = c->id;
        if (c && graph)
            *graph = (CUgraph)c->graph;
    }
    sim_unlock();
    return rc;
}

static CUresult info_v2(CUstream h, bool per_thread, CUstreamCaptureStatus *status, cuuint64_t *id, CUgraph *graph,
                        const CUgraphNode **dependencies, size_t *count)
{
    if (dependencies)
        *dependencies = NULL;
    if (count)
        *count = 0;
    return info(h, per_thread, status, id, graph);
}

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode)
{
    struct sim_thread *t = sim_thread();
    ENTER(cuThreadExchangeStreamCaptureMode, EN_NOCTX);
    if (!mode || *mode < MODE_GLOBAL || *mode > MODE_RELAXED)
        return CUDA_ERROR_INVALID_VALUE;
    CUstreamCaptureMode before = t->mode;
    t->mode = *mode;
    *mode = before;
    return CUDA_SUCCESS;
}

#define FORWARD(name, params, call)                                                                                    \
    CUresult name params                                                                                               \
    {                                                                                                                  \
        ENTER(name, 0);                                                                                                \
        return call;                                                                                                   \
    }
#define INFO_V2 (CUstream s, CUstreamCaptureStatus * st, cuuint64_t * id, CUgraph * g, const CUgraphNode **d, size_t *n)
FORWARD(cuStreamBeginCapture, (CUstream s), begin(s, MODE_GLOBAL, false))
FORWARD(cuStreamBeginCapture_ptsz, (CUstream s), begin(s, MODE_GLOBAL, true))
FORWARD(cuStreamBeginCapture_v2, (CUstream s, CUstreamCaptureMode m), begin(s, m, false))
FORWARD(cuStreamBeginCapture_v2_ptsz, (CUstream s, CUstreamCaptureMode m), begin(s, m, true))
FORWARD(cuStreamEndCapture, (CUstream s, CUgraph *g), end(s, g, false))
FORWARD(cuStreamEndCapture_ptsz, (CUstream s, CUgraph *g), end(s, g, true))
FORWARD(cuStreamIsCapturing, (CUstream s, CUstreamCaptureStatus *st), info(s, false, st, NULL, NULL))
FORWARD(cuStreamIsCapturing_ptsz, (CUstream s, CUstreamCaptureStatus *st), info(s, true, st, NULL, NULL))
FORWARD(cuStreamGetCaptureInfo, (CUstream s, CUstreamCaptureStatus *st, cuuint64_t *id), info(s, false, st, id, NULL))
FORWARD(cuStreamGetCaptureInfo_ptsz, (CUstream s, CUstreamCaptureStatus *st, cuuint64_t *id),
        info(s, true, st, id, NULL))
FORWARD(cuStreamGetCaptureInfo_v2, INFO_V2, info_v2(s, false, st, id, g, d, n))
FORWARD(cuStreamGetCaptureInfo_v2_ptsz, INFO_V2, info_v2(s, true, st, id, g, d, n))
