/* Hooks of graphs and capture: blocks that a graph names are set aside before the driver hears of them (rule 14). */
#include "captures.h"
#include "driver.h"
#include "guard.h"
#include "self.h"

static void hold_params(const struct cu_graph_node_params *params)
{
    if (params && params->type == CU_GRAPH_NODE_TYPE_MEMCPY)
        guard_hold_3d(&params->u.memcpy.copy);
}

EXPORT CUresult cuGraphAddMemcpyNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t n_after,
                                     const struct cu_memcpy3d *copy, CUcontext context);
CUresult cuGraphAddMemcpyNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t n_after,
                              const struct cu_memcpy3d *copy, CUcontext context)
{
    typedef CUresult (*fn)(CUgraphNode *, CUgraph, const CUgraphNode *, size_t, const struct cu_memcpy3d *, CUcontext);
    guard_hold_3d(copy);
    return REAL(EP_cuGraphAddMemcpyNode, fn, node, graph, after, n_after, copy, context);
}

EXPORT CUresult cuGraphMemcpyNodeSetParams(CUgraphNode node, const struct cu_memcpy3d *copy);
CUresult cuGraphMemcpyNodeSetParams(CUgraphNode node, const struct cu_memcpy3d *copy)
{
    typedef CUresult (*fn)(CUgraphNode, const struct cu_memcpy3d *);
    guard_hold_3d(copy);
    return REAL(EP_cuGraphMemcpyNodeSetParams, fn, node, copy);
}

EXPORT CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node, const struct cu_memcpy3d *copy,
                                               CUcontext context);
CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node, const struct cu_memcpy3d *copy,
                                        CUcontext context)
{
    typedef CUresult (*fn)(CUgraphExec, CUgraphNode, const struct cu_memcpy3d *, CUcontext);
    guard_hold_3d(copy);
    return REAL(EP_cuGraphExecMemcpyNodeSetParams, fn, exec, node, copy, context);
}

EXPORT CUresult cuGraphAddNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t n_after,
                               struct cu_graph_node_params *params);
CUresult cuGraphAddNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t n_after,
                        struct cu_graph_node_params *params)
{
    typedef CUresult (*fn)(CUgraphNode *, CUgraph, const CUgraphNode *, size_t, struct cu_graph_node_params *);
    hold_params(params);
    return REAL(EP_cuGraphAddNode, fn, node, graph, after, n_after, params);
}

EXPORT CUresult cuGraphAddNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, const void *edges,
                                  size_t n_after, struct cu_graph_node_params *params);
CUresult cuGraphAddNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, const void *edges,
                           size_t n_after, struct cu_graph_node_params *params)
{
    typedef CUresult (*fn)(CUgraphNode *, CUgraph, const CUgraphNode *, const void *, size_t,
                           struct cu_graph_node_params *);
    hold_params(params);
    return REAL(EP_cuGraphAddNode_v2, fn, node, graph, after, edges, n_after, params);
}

EXPORT CUresult cuGraphNodeSetParams(CUgraphNode node, struct cu_graph_node_params *params);
CUresult cuGraphNodeSetParams(CUgraphNode node, struct cu_graph_node_params *params)
{
    typedef CUresult (*fn)(CUgraphNode, struct cu_graph_node_params *);
    hold_params(params);
    return REAL(EP_cuGraphNodeSetParams, fn, node, params);
}

EXPORT CUresult cuGraphExecNodeSetParams(CUgraphExec exec, CUgraphNode node, struct cu_graph_node_params *params);
CUresult cuGraphExecNodeSetParams(CUgraphExec exec, CUgraphNode node, struct cu_graph_node_params *params)
{
    typedef CUresult (*fn)(CUgraphExec, CUgraphNode, struct cu_graph_node_params *);
    hold_params(params);
    return REAL(EP_cuGraphExecNodeSetParams, fn, exec, node, params);
}

/* Where it did not begin, none is going on. */
static CUresult begun(CUresult result)
{
    if (result != CUDA_SUCCESS)
        capture_ended();
    return result;
}

#define HOOK_CAPTURE_OLD(name)                                                                                         \
    EXPORT CUresult name(CUstream stream);                                                                             \
    EXPORT CUresult name(CUstream stream)                                                                              \
    {                                                                                                                  \
        typedef CUresult (*fn)(CUstream);                                                                              \
        capture_begins();                                                                                              \
        return begun(REAL(EP_##name, fn, stream));                                                                     \
    }

#define HOOK_CAPTURE(name)                                                                                             \
    EXPORT CUresult name(CUstream stream, CUstreamCaptureMode mode);                                                   \
    EXPORT CUresult name(CUstream stream, CUstreamCaptureMode mode)                                                    \
    {                                                                                                                  \
        typedef CUresult (*fn)(CUstream, CUstreamCaptureMode);                                                         \
        capture_begins();                                                                                              \
        return begun(REAL(EP_##name, fn, stream, mode));                                                               \
    }

#define HOOK_CAPTURE_TO(name)                                                                                          \
    EXPORT CUresult name(CUstream stream, CUgraph graph, const CUgraphNode *after, const void *edges, size_t n_after,  \
                         CUstreamCaptureMode mode);                                                                    \
    EXPORT CUresult name(CUstream stream, CUgraph graph, const CUgraphNode *after, const void *edges, size_t n_after,  \
                         CUstreamCaptureMode mode)                                                                     \
    {                                                                                                                  \
        typedef CUresult (*fn)(CUstream, CUgraph, const CUgraphNode *, const void *, size_t, CUstreamCaptureMode);     \
        capture_begins();                                                                                              \
        return begun(REAL(EP_##name, fn, stream, graph, after, edges, n_after, mode));                                 \
    }

HOOK_CAPTURE_OLD(cuStreamBeginCapture)
HOOK_CAPTURE_OLD(cuStreamBeginCapture_ptsz)
HOOK_CAPTURE(cuStreamBeginCapture_v2)
HOOK_CAPTURE(cuStreamBeginCapture_v2_ptsz)
HOOK_CAPTURE_TO(cuStreamBeginCaptureToGraph)
HOOK_CAPTURE_TO(cuStreamBeginCaptureToGraph_ptsz)

/* One that has become invalid ends as well, and so does one with streams that were never joined. */
static int capture_is_over(CUresult result)
{
    return result == CUDA_SUCCESS || result == CUDA_ERROR_STREAM_CAPTURE_INVALIDATED ||
           result == CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
}

#define HOOK_CAPTURE_END(name)                                                                                         \
    EXPORT CUresult name(CUstream stream, CUgraph *graph);                                                             \
    EXPORT CUresult name(CUstream stream, CUgraph *graph)                                                              \
    {                                                                                                                  \
        typedef CUresult (*fn)(CUstream, CUgraph *);                                                                   \
        const CUresult result = REAL(EP_##name, fn, stream, graph);                                                    \
        if (capture_is_over(result))                                                                                   \
            capture_ended();                                                                                           \
        return result;                                                                                                 \
    }

HOOK_CAPTURE_END(cuStreamEndCapture)
HOOK_CAPTURE_END(cuStreamEndCapture_ptsz)
