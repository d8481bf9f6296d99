/* Owns graphs and executable graphs: lists of nodes, run one after another in the order they were made (which is a
 * topological order, since a node may only depend on nodes that exist).
 *
 * Functions shared with other files are called with sim.lock held; entry points take it. */
#define _GNU_SOURCE
#include "sim.h"

struct sim_graph *sim_graph_new(enum sim_kind kind, struct sim_ctx *ctx)
{
    struct sim_graph *g = sim_alloc(sizeof *g);
    g->ctx = ctx;
    sim_handle_add(g, kind);
    return g;
}

void sim_graph_delete(struct sim_graph *g)
{
    for (struct sim_node *n = g->first, *next; n; n = next) {
        next = n->next;
        sim_handle_remove(n);
        sim_free(n, sizeof *n);
    }
    sim_handle_remove(g);
    sim_free(g, sizeof *g);
}

struct sim_node *sim_graph_add(struct sim_graph *g, enum sim_node_kind kind)
{
    struct sim_node *n = sim_alloc(sizeof *n);
    sim_handle_add(n, KIND_NODE);
    n->graph = g;
    n->kind = kind;
    if (g->last)
        g->last->next = n;
    else
        g->first = n;
    g->last = n;
    g->nodes++;
    return n;
}

static struct sim_graph *graph_at(CUgraph h)
{
    return sim_handle_is(h, KIND_GRAPH) ? (struct sim_graph *)h : NULL;
}

CUresult cuGraphCreate(CUgraph *out, unsigned flags)
{
    ENTER(cuGraphCreate, EN_NOCTX);
    if (!out || flags)
        return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    *out = (CUgraph)sim_graph_new(KIND_GRAPH, sim_ctx_current());
    sim_unlock();
    return CUDA_SUCCESS;
}

CUresult cuGraphDestroy(CUgraph h)
{
    ENTER(cuGraphDestroy, EN_NOCTX);
    sim_lock();
    struct sim_graph *g = graph_at(h);
    if (g)
        sim_graph_delete(g);
    sim_unlock();
    return g ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphExecDestroy(CUgraphExec h)
{
    ENTER(cuGraphExecDestroy, EN_NOCTX);
    sim_lock();
    bool known = sim_handle_is(h, KIND_EXEC);
    if (known)
        sim_graph_delete((struct sim_graph *)h);
    sim_unlock();
    return known ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* A copy node learns here whether its memory is pinned; it must still be so at each launch. */
static CUresult instantiate(CUgraphExec *out, CUgraph h)
{
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    struct sim_graph *g = graph_at(h);
    struct sim_ctx *ctx = sim_ctx_current();
    CUresult rc = g ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    struct sim_graph *e = g ? sim_graph_new(KIND_EXEC, ctx) : NULL;
    for (struct sim_node *n = g ? g->first : NULL; n && rc == CUDA_SUCCESS; n = n->next) {
        struct sim_node *m = sim_graph_add(e, n->kind);
        m->original = n;
        m->xfer = n->xfer;
        m->fill = n->fill;
        m->host = n->host;
        if (n->kind == NODE_MEMCPY && sim_xfer_bytes(&m->xfer))
            rc = sim_xfer_place(&m->xfer, ctx);
    }
    if (rc == CUDA_SUCCESS)
        *out = (CUgraphExec)e;
    else if (e)
        sim_graph_delete(e);
    sim_unlock();
    return rc;
}

CUresult cuGraphInstantiate(CUgraphExec *out, CUgraph g, CUgraphNode *bad, char *log, size_t bytes)
{
    ENTER(cuGraphInstantiate, 0);
    if (bad)
        *bad = NULL;
    if (log && bytes)
        *log = 0;
    return instantiate(out, g);
}

CUresult cuGraphInstantiate_v2(CUgraphExec *out, CUgraph g, CUgraphNode *bad, char *log, size_t bytes)
{
    ENTER(cuGraphInstantiate_v2, 0);
    if (bad)
        *bad = NULL;
    if (log && bytes)
        *log = 0;
    return instantiate(out, g);
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *out, CUgraph g, unsigned long long flags)
{
    (void)flags;
    ENTER(cuGraphInstantiateWithFlags, 0);
    return instantiate(out, g);
}

static bool must_be_pinned(const struct sim_node *n, struct sim_xfer *now, struct sim_ctx *ctx, CUresult *rc)
{
    *now = n->xfer;
    *rc = sim_xfer_place(now, ctx);
    return *rc == CUDA_SUCCESS && n->xfer.pinned && !now->pinned;
}

/* All copies are looked at before the first is queued: a launch happens wholly or not at all. */
static CUresult check_launch(struct sim_graph *e, struct sim_ctx *ctx)
{
    struct sim_xfer now;
    CUresult rc = CUDA_SUCCESS;
    for (struct sim_node *n = e->first; n && rc == CUDA_SUCCESS; n = n->next)
        if (n->kind == NODE_MEMCPY && sim_xfer_bytes(&n->xfer) && must_be_pinned(n, &now, ctx, &rc))
            sim_violation(SIM_V_GRAPH_UNPINNED,
                          "launch copies %zu bytes %p to %p, pinned when the graph was made, "
                          "pinned no longer",
                          sim_xfer_bytes(&n->xfer), (const void *)n->xfer.src, (void *)n->xfer.dst);
    return rc;
}

static void push_node(struct sim_stream *s, const struct sim_node *n)
{
    struct sim_op *op = sim_op_new(n->kind == NODE_MEMCPY ? OP_COPY : n->kind == NODE_MEMSET ? OP_FILL : OP_HOST);
    op->xfer = n->xfer;
    op->xfer.async = true;
    op->fill = n->fill;
    op->host = n->host;
    if (op->kind == OP_COPY)
        sim_xfer_count(&op->xfer);
    sim_stream_push(s, op);
}

/* The nodes are copied out first: pushing may let go of the lock. */
static void push_all(struct sim_stream *s, const struct sim_graph *e)
{
    size_t count = e->nodes, at = 0;
    struct sim_node *copies = sim_alloc((count + 1) * sizeof *copies);
    for (const struct sim_node *n = e->first; n; n = n->next)
        if (n->kind != NODE_EMPTY && (n->kind != NODE_MEMCPY || sim_xfer_bytes(&n->xfer)))
            copies[at++] = *n;
    for (size_t i = 0; i < at; i++)
        push_node(s, &copies[i]);
    sim_free(copies, (count + 1) * sizeof *copies);
}

static CUresult launch(CUgraphExec h, CUstream stream, bool per_thread)
{
    struct sim_stream *s;
    struct sim_capture *capture;
    sim_lock();
    CUresult rc = sim_handle_is(h, KIND_EXEC) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    struct sim_graph *e = (struct sim_graph *)h;
    if (rc == CUDA_SUCCESS)
        rc = sim_stream_find(stream, per_thread, &s);
    if (rc == CUDA_SUCCESS)
        rc = sim_capture_for(s, true, &capture);
    if (rc == CUDA_SUCCESS && capture) {
        sim_capture_invalidate(capture);
        rc = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    if (rc == CUDA_SUCCESS)
        rc = check_launch(e, s->ctx);
    if (rc == CUDA_SUCCESS) {
        SIM_ADD(graph_launches, 1);
        push_all(s, e);
    }
    sim_unlock();
    return rc;
}

CUresult cuGraphLaunch(CUgraphExec e, CUstream s)
{
    ENTER(cuGraphLaunch, 0);
    return launch(e, s, false);
}

CUresult cuGraphLaunch_ptsz(CUgraphExec e, CUstream s)
{
    ENTER(cuGraphLaunch_ptsz, 0);
    return launch(e, s, true);
}

CUresult cuGraphUpload(CUgraphExec e, CUstream s)
{
    (void)e;
    (void)s;
    ENTER(cuGraphUpload, 0);
    return CUDA_SUCCESS;
}
