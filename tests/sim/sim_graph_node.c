/* Owns the nodes a program makes itself: memory copies, empty nodes, and what can be asked and changed of them.
 *
 * Entry points take sim.lock. */
#define _GNU_SOURCE
#include "sim.h"

static bool dependencies_known(const CUgraphNode *nodes, size_t count, const struct sim_graph *g)
{
    for (size_t i = 0; i < count; i++)
        if (!nodes || !sim_handle_is(nodes[i], KIND_NODE) || ((struct sim_node *)nodes[i])->graph != g)
            return false;
    return true;
}

static CUresult add(CUgraphNode *out, CUgraph h, const CUgraphNode *deps, size_t count, enum sim_node_kind kind,
                    const struct cu_memcpy3d *copy)
{
    struct sim_xfer x = {0};
    if (!out || (kind == NODE_MEMCPY && !copy))
        return CUDA_ERROR_INVALID_VALUE;
    CUresult rc = copy ? sim_xfer_from_3d(&x, copy) : CUDA_SUCCESS;
    if (rc != CUDA_SUCCESS)
        return rc;
    sim_lock();
    struct sim_graph *g = sim_handle_is(h, KIND_GRAPH) ? (struct sim_graph *)h : NULL;
    if (!g || !dependencies_known(deps, count, g))
        rc = CUDA_ERROR_INVALID_VALUE;
    if (rc == CUDA_SUCCESS && sim_xfer_bytes(&x))
        rc = sim_xfer_place(&x, sim_ctx_current());
    if (rc == CUDA_SUCCESS) {
        struct sim_node *n = sim_graph_add(g, kind);
        n->xfer = x;
        *out = (CUgraphNode)n;
    }
    sim_unlock();
    return rc;
}

CUresult cuGraphAddMemcpyNode(CUgraphNode *out, CUgraph g, const CUgraphNode *deps, size_t count,
                              const struct cu_memcpy3d *copy, CUcontext ctx)
{
    (void)ctx;
    ENTER(cuGraphAddMemcpyNode, 0);
    return add(out, g, deps, count, NODE_MEMCPY, copy);
}

CUresult cuGraphAddEmptyNode(CUgraphNode *out, CUgraph g, const CUgraphNode *deps, size_t count)
{
    ENTER(cuGraphAddEmptyNode, 0);
    return add(out, g, deps, count, NODE_EMPTY, NULL);
}

CUresult cuGraphAddNode(CUgraphNode *out, CUgraph g, const CUgraphNode *deps, size_t count,
                        struct cu_graph_node_params *p)
{
    ENTER(cuGraphAddNode, 0);
    if (!p)
        return CUDA_ERROR_INVALID_VALUE;
    if (p->type != NODE_MEMCPY && p->type != NODE_EMPTY)
        return CUDA_ERROR_NOT_SUPPORTED;
    return add(out, g, deps, count, (enum sim_node_kind)p->type, p->type == NODE_MEMCPY ? &p->u.memcpy.copy : NULL);
}

/* The node itself, or its counterpart in an executable graph. */
static struct sim_node *find_node(CUgraphExec exec, CUgraphNode h)
{
    if (!exec)
        return sim_handle_is(h, KIND_NODE) ? (struct sim_node *)h : NULL;
    if (!sim_handle_is(exec, KIND_EXEC))
        return NULL;
    for (struct sim_node *n = ((struct sim_graph *)exec)->first; n; n = n->next)
        if (n->original == (struct sim_node *)h)
            return n;
    return NULL;
}

static CUresult set(CUgraphExec exec, CUgraphNode h, const struct cu_memcpy3d *copy)
{
    struct sim_xfer x;
    CUresult rc = copy ? sim_xfer_from_3d(&x, copy) : CUDA_ERROR_INVALID_VALUE;
    if (rc != CUDA_SUCCESS)
        return rc;
    sim_lock();
    struct sim_node *n = find_node(exec, h);
    if (!n || n->kind != NODE_MEMCPY)
        rc = CUDA_ERROR_INVALID_VALUE;
    else if (sim_xfer_bytes(&x))
        rc = sim_xfer_place(&x, sim_ctx_current());
    if (rc == CUDA_SUCCESS)
        n->xfer = x;
    sim_unlock();
    return rc;
}

CUresult cuGraphMemcpyNodeSetParams(CUgraphNode n, const struct cu_memcpy3d *copy)
{
    ENTER(cuGraphMemcpyNodeSetParams, 0);
    return set(NULL, n, copy);
}

CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec e, CUgraphNode n, const struct cu_memcpy3d *copy, CUcontext ctx)
{
    (void)ctx;
    ENTER(cuGraphExecMemcpyNodeSetParams, 0);
    return e ? set(e, n, copy) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphNodeSetParams(CUgraphNode n, struct cu_graph_node_params *p)
{
    ENTER(cuGraphNodeSetParams, 0);
    return p && p->type == NODE_MEMCPY ? set(NULL, n, &p->u.memcpy.copy) : CUDA_ERROR_NOT_SUPPORTED;
}

CUresult cuGraphExecNodeSetParams(CUgraphExec e, CUgraphNode n, struct cu_graph_node_params *p)
{
    ENTER(cuGraphExecNodeSetParams, 0);
    if (!e || !p)
        return CUDA_ERROR_INVALID_VALUE;
    return p->type == NODE_MEMCPY ? set(e, n, &p->u.memcpy.copy) : CUDA_ERROR_NOT_SUPPORTED;
}

/* A captured copy is described as a pitched one between unified addresses. */
CUresult cuGraphMemcpyNodeGetParams(CUgraphNode h, struct cu_memcpy3d *out)
{
    ENTER(cuGraphMemcpyNodeGetParams, 0);
    sim_lock();
    struct sim_node *n = find_node(NULL, h);
    bool good = n && out && n->kind == NODE_MEMCPY;
    if (good) {
        const struct sim_xfer *x = &n->xfer;
        *out = (struct cu_memcpy3d){.src_type = CU_MEMORYTYPE_UNIFIED,
                                    .src_device = (uintptr_t)x->src,
                                    .src_pitch = x->src_pitch,
                                    .src_height = x->src_pitch ? x->src_slice / x->src_pitch : 0,
                                    .dst_type = CU_MEMORYTYPE_UNIFIED,
                                    .dst_device = (uintptr_t)x->dst,
                                    .dst_pitch = x->dst_pitch,
                                    .dst_height = x->dst_pitch ? x->dst_slice / x->dst_pitch : 0,
                                    .width = x->width,
                                    .height = x->height,
                                    .depth = x->depth};
    }
    sim_unlock();
    return good ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphNodeGetType(CUgraphNode h, int *out)
{
    ENTER(cuGraphNodeGetType, 0);
    sim_lock();
    struct sim_node *n = find_node(NULL, h);
    if (n && out)
        *out = n->kind;
    sim_unlock();
    return n && out ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphGetNodes(CUgraph h, CUgraphNode *out, size_t *count)
{
    ENTER(cuGraphGetNodes, 0);
    sim_lock();
    bool known = count && sim_handle_is(h, KIND_GRAPH);
    if (known) {
        const struct sim_graph *g = (const struct sim_graph *)h;
        size_t room = out ? *count : 0, i = 0;
        for (struct sim_node *n = g->first; n && i < room; n = n->next)
            out[i++] = (CUgraphNode)n;
        *count = out ? i : g->nodes;
    }
    sim_unlock();
    return known ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
