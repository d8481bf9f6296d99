/* The objects of the simulated driver: handles, contexts, copies, streams, events, captures and graphs.
 *
 * Part of sim.h, which alone includes it; each structure says which lock guards it. */
#ifndef SIM_OBJECTS_H
#define SIM_OBJECTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "../../preload/cuda_min.h"

struct sim_region;

/* ---- pool and handles ---- */
enum sim_kind {
    KIND_CTX = 1,
    KIND_STREAM,
    KIND_EVENT,
    KIND_GRAPH,
    KIND_NODE,
    KIND_EXEC,
    KIND_ARRAY
};
struct sim_handle {
    struct sim_handle *next; /* chain of the handle table: sim.lock */
    enum sim_kind kind;
};
void *sim_alloc(size_t bytes); /* zeroed */
void sim_free(void *p, size_t bytes);
void sim_handle_add(void *object, enum sim_kind kind);
void sim_handle_remove(void *object);
bool sim_handle_is(const void *object, enum sim_kind kind);

/* ---- contexts ---- */
struct sim_ctx {
    struct sim_handle h;
    struct sim_ctx *next;
    int device;
    unsigned flags, refs; /* refs: primary contexts only */
    bool primary;
    atomic_bool alive;
    struct sim_stream *legacy;
};

/* ---- copies ---- */
struct sim_xfer {
    unsigned char *dst;
    const unsigned char *src;
    size_t width, height, depth;
    size_t dst_pitch, dst_slice, src_pitch, src_slice;
    enum sim_dir dir;
    bool pinned, async;
};
size_t sim_xfer_bytes(const struct sim_xfer *x);
size_t sim_xfer_dst_extent(const struct sim_xfer *x);
size_t sim_xfer_src_extent(const struct sim_xfer *x);
void sim_xfer_linear(struct sim_xfer *x, uintptr_t dst, uintptr_t src, size_t bytes);
CUresult sim_xfer_from_3d(struct sim_xfer *x, const struct cu_memcpy3d *c);
CUresult sim_xfer_place(struct sim_xfer *x, struct sim_ctx *ctx);
void sim_xfer_count(const struct sim_xfer *x);
enum sim_way {
    WAY_ANY,
    WAY_H2D,
    WAY_D2H,
    WAY_D2D
};
CUresult sim_copy(struct sim_xfer *x, CUstream stream, bool per_thread, bool async, enum sim_way way);
void sim_move(const struct sim_xfer *x);
void sim_stage(const struct sim_xfer *x, void *staged);
void sim_model_wait(enum sim_dir dir, bool pinned, size_t bytes, uint64_t start_ns);
void sim_sleep_until(uint64_t deadline_ns);
uint64_t sim_now_ns(void);

struct sim_fill {
    unsigned char *dst;
    size_t pitch, width, height; /* width in elements */
    uint32_t value;
    unsigned element_bytes;
};

struct sim_host_call {
    void (*function)(void *);
    void (*callback)(CUstream, CUresult, void *);
    void *data;
    CUstream handle;
};

/* ---- streams ---- */
enum sim_op_kind {
    OP_COPY,
    OP_FILL,
    OP_HOST,
    OP_RECORD,
    OP_WAIT,
    OP_FREE
};
struct sim_op {
    struct sim_op *next;
    uint64_t seq;
    enum sim_op_kind kind;
    bool by_owner; /* the calling thread runs it when its turn comes */
    bool running;
    struct sim_xfer xfer;
    void *staged;
    size_t staged_bytes;
    struct sim_fill fill;
    struct sim_host_call host;
    struct sim_record *record;
    uintptr_t free_address;
};
struct sim_stream {
    struct sim_handle h;
    struct sim_stream *next; /* all streams ever made, live or spare; never shrinks */
    struct sim_ctx *ctx;
    bool live, blocking, worker;
    unsigned flags;
    int priority;
    uint64_t id, owner; /* owner: thread of a per-thread default stream, else 0 */
    struct sim_op *head, *tail;
    pthread_cond_t wake;
    struct sim_capture *capture;
    uint64_t capture_tip; /* how much was captured through this stream */
    bool capture_joined;  /* another stream of the capture has waited for all of it */
};
struct sim_stream *sim_stream_new(struct sim_ctx *ctx, unsigned flags, int priority, uint64_t owner);
void sim_stream_retire(struct sim_stream *s);
CUresult sim_stream_find(CUstream h, bool per_thread, struct sim_stream **out);
void sim_stream_push(struct sim_stream *s, struct sim_op *op); /* may drop and retake sim.lock */
void sim_stream_run_owned(struct sim_stream *s, struct sim_op *op);
bool sim_stream_drained(const struct sim_stream *s, uint64_t seq);
void sim_wait_stream(struct sim_stream *s);
void sim_wait_ctx(const struct sim_ctx *ctx);
bool sim_host_range_busy(uintptr_t base, size_t bytes);
void sim_op_execute(const struct sim_op *op);
struct sim_op *sim_op_new(enum sim_op_kind kind);

/* ---- events ---- */
struct sim_record { /* one cuEventRecord; outlives its event */
    unsigned refs;
    bool done;
    uint64_t ns;
};
struct sim_event {
    struct sim_handle h;
    unsigned flags;
    struct sim_ctx *ctx;
    struct sim_record *record;
    uint64_t capture_id; /* not 0: last recorded into that capture (then record is NULL) */
    uint64_t capture_tip;
    struct sim_stream *capture_stream;
};
void sim_record_put(struct sim_record *r);

/* ---- capture and graphs ---- */
struct sim_capture {
    struct sim_capture *next;
    uint64_t id, owner;
    CUstreamCaptureMode mode;
    bool invalid;
    struct sim_stream *origin;
    struct sim_graph *graph;
};
enum sim_node_kind {
    NODE_KERNEL,
    NODE_MEMCPY,
    NODE_MEMSET,
    NODE_HOST,
    NODE_GRAPH,
    NODE_EMPTY
};
struct sim_node {
    struct sim_handle h;
    struct sim_node *next;
    struct sim_graph *graph;
    struct sim_node *original; /* in an executable graph: the node it was made from */
    enum sim_node_kind kind;
    struct sim_xfer xfer;
    struct sim_fill fill;
    struct sim_host_call host;
};
struct sim_graph { /* CUgraph and CUgraphExec alike */
    struct sim_handle h;
    struct sim_node *first, *last;
    struct sim_ctx *ctx;
    size_t nodes;
};
bool sim_capture_forbids(void); /* takes sim.lock; invalidates what forbids */
void sim_capture_invalidate(struct sim_capture *c);
/* A code when work on s is illegal now; *capture is set when the work becomes a node. */
CUresult sim_capture_for(struct sim_stream *s, bool async, struct sim_capture **capture);
CUresult sim_capture_event_wait(struct sim_stream *s, struct sim_event *e);
void sim_capture_event_record(struct sim_stream *s, struct sim_event *e);
void sim_capture_stream_gone(struct sim_stream *s);
struct sim_graph *sim_graph_new(enum sim_kind kind, struct sim_ctx *ctx);
void sim_graph_delete(struct sim_graph *g);
struct sim_node *sim_graph_add(struct sim_graph *g, enum sim_node_kind kind);
void sim_capture_add(struct sim_stream *s, enum sim_node_kind kind, const struct sim_op *op);

#endif
