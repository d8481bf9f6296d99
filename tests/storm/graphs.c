/* Captures and graphs of copies.  What a graph names stays as it is for ever, so these blocks are few: two per thread.
 */
#include "storm.h"

#include <stdlib.h>
#include <string.h>

enum {
    GRAPH_BYTES = 192 * KIB,
    THREAD_LOCAL = 1,
    RELAXED = 2
};

static void make_blocks(struct worker *w)
{
    for (int i = 0; i < 2; i++) {
        struct slot *s = &w->graph_slot[i];
        if (!s->base) {
            *s = (struct slot){.bytes = GRAPH_BYTES, .base = malloc(GRAPH_BYTES)};
            if (!s->base)
                wrong(w, "no memory");
            slot_fill(w, s);
        }
        for (int copies = 0; copies < 3; copies++) /* the first time it may be pinned before a graph names it */
            copy_cycle(w, s);
    }
}

/* Launches the graph, which copies the first block to the device, with new bytes each time. */
static void launch(struct worker *w, CUgraphExec exec, CUstream stream, struct range r, struct slot *back)
{
    struct slot *s = &w->graph_slot[0], *other;
    for (uint64_t n = 1 + draw(w, 3); n; n--) {
        for (int copies = 0; copies < 4; copies++) /* other blocks want to be pinned meanwhile */
            if ((other = any_slot(w)))
                copy_cycle(w, other);
        slot_fill(w, s);
        if (!TRY(w, cu.cuGraphLaunch(exec, stream)))
            continue;
        stream_wait(w, stream);
        check_at(w, s->seed, r.from, (const void *)(uintptr_t)w->at->device, r.bytes, "on the device, by a graph");
        if (back)
            check_at(w, s->seed, r.from, back->base + r.from, r.bytes, "back on the host, by a graph");
        did(K_graph_launch);
    }
    if (back)
        slot_refill(back, r.from, r.bytes);
}

static void run(struct worker *w, CUgraph graph, CUstream stream, struct range r, struct slot *back)
{
    CUgraphExec exec = NULL;
    if (TRY(w, cu.cuGraphInstantiateWithFlags(&exec, graph, 0))) {
        launch(w, exec, stream, r, back);
        INSIST(w, cu.cuGraphExecDestroy(exec));
    }
    INSIST(w, cu.cuGraphDestroy(graph));
}

/* While the stream captures, the thread allocates, and copies elsewhere if that is allowed. */
static void meanwhile(struct worker *w, int mode)
{
    struct slot other;
    slot_alloc(w, &other);
    if (mode == RELAXED && other.bytes < w->at->device_bytes / 2) {
        const CUdeviceptr device = w->at->device + w->at->device_bytes / 2;
        if (TRY(w, cu.cuMemcpyHtoD_v2_ptds(device, other.base, other.bytes)))
            check_at(w, other.seed, 0, (const void *)(uintptr_t)device, other.bytes, "copied during a capture");
    }
    slot_free(w, &other);
}

void graph_capture(struct worker *w)
{
    struct slot *s = &w->graph_slot[0], *back = &w->graph_slot[1];
    CUstream stream = w->at->stream[OWN_STREAM];
    const int mode = draw(w, 2) ? THREAD_LOCAL : RELAXED;
    CUgraph graph = NULL;
    if (!allowed(K_capture))
        return;
    make_blocks(w);
    const struct range r = any_range(w, s, GRAPH_BYTES);
    if (!TRY(w, cu.cuStreamBeginCapture_v2(stream, mode)))
        return;
    const int there = TRY(w, cu.cuMemcpyHtoDAsync_v2(w->at->device, s->base + r.from, r.bytes, stream));
    meanwhile(w, mode);
    const int again = TRY(w, cu.cuMemcpyDtoHAsync_v2(back->base + r.from, w->at->device, r.bytes, stream));
    INSIST(w, cu.cuStreamEndCapture(stream, &graph));
    if (there && again)
        run(w, graph, stream, r, back);
    else
        INSIST(w, cu.cuGraphDestroy(graph));
    did(K_capture);
}

void graph_of_nodes(struct worker *w)
{
    struct slot *s = &w->graph_slot[0];
    CUgraph graph = NULL;
    CUgraphNode node = NULL;
    if (!allowed(K_graph_node))
        return;
    make_blocks(w);
    const struct range r = any_range(w, s, GRAPH_BYTES);
    const struct cu_memcpy3d copy = {.src_type = CU_MEMORYTYPE_HOST,
                                     .src_host = s->base,
                                     .src_x = r.from,
                                     .dst_type = CU_MEMORYTYPE_DEVICE,
                                     .dst_device = w->at->device,
                                     .width = r.bytes,
                                     .height = 1,
                                     .depth = 1};
    if (!TRY(w, cu.cuGraphCreate(&graph, 0)))
        return;
    if (TRY(w, cu.cuGraphAddMemcpyNode(&node, graph, NULL, 0, &copy, w->at->context)))
        run(w, graph, w->at->stream[OWN_STREAM], r, NULL);
    else
        INSIST(w, cu.cuGraphDestroy(graph));
    did(K_graph_node);
}
