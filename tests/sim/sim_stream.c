/* Owns the stream engine: queues, their order, the worker threads, and all waiting.
 *
 * Everything here is called with sim.lock held, unless it says otherwise; the lock is dropped while an operation runs.
 * Order: first in, first out within a stream; an operation of the legacy stream waits for all earlier operations of
 * the blocking streams of its context, and those wait for earlier operations of the legacy stream. */
#define _GNU_SOURCE
#include "sim.h"

#include <signal.h>

struct sim_op *sim_op_new(enum sim_op_kind kind)
{
    struct sim_op *op = sim_alloc(sizeof *op);
    op->kind = kind;
    return op;
}

static bool ready(const struct sim_stream *s, const struct sim_op *op)
{
    if (op->kind == OP_WAIT && !op->record->done)
        return false;
    if (!s->blocking)
        return true;
    for (const struct sim_stream *o = sim.streams; o; o = o->next) {
        if (o == s || o->ctx != s->ctx || !o->blocking || !o->head || o->head->seq > op->seq)
            continue;
        if (s == s->ctx->legacy || o == s->ctx->legacy)
            return false;
    }
    return true;
}

/* Takes the finished head out of its queue.  An operation run by its owner belongs to the owner. */
static void finish(struct sim_stream *s)
{
    struct sim_op *op = s->head;
    s->head = op->next;
    if (!s->head)
        s->tail = NULL;
    sim_free(op->staged, op->staged_bytes);
    if (op->record) {
        if (op->kind == OP_RECORD) {
            op->record->ns = sim_now_ns();
            op->record->done = true;
        }
        sim_record_put(op->record);
    }
    if (!op->by_owner)
        sim_free(op, sizeof *op);
}

/* Records and waits take no time: they end as soon as it is their turn, in whatever thread notices. */
static bool settle_one(void)
{
    bool changed = false;
    for (struct sim_stream *s = sim.streams; s; s = s->next) {
        while (s->head && (s->head->kind == OP_RECORD || s->head->kind == OP_WAIT) && ready(s, s->head)) {
            finish(s);
            changed = true;
        }
    }
    return changed;
}

static void settle(void)
{
    while (settle_one()) {
    }
    for (struct sim_stream *s = sim.streams; s; s = s->next)
        if (s->worker && s->head && !s->head->by_owner && !s->head->running && ready(s, s->head))
            pthread_cond_signal(&s->wake);
    pthread_cond_broadcast(&sim.progress);
}

/* Runs the head without the lock. */
static void run_head(struct sim_stream *s)
{
    struct sim_op *op = s->head;
    op->running = true;
    sim_unlock();
    sim_op_execute(op);
    sim_lock();
    finish(s);
    settle();
}

static void *work(void *stream)
{
    struct sim_stream *s = stream;
    sim_lock();
    for (;;) {
        struct sim_op *op = s->head;
        if (op && !op->by_owner && !op->running && ready(s, op))
            run_head(s);
        else
            pthread_cond_wait(&s->wake, &sim.lock);
    }
    return NULL;
}

/* The thread is made without the lock, since making one may allocate. */
static void start_worker(struct sim_stream *s)
{
    sigset_t all, before;
    pthread_t thread;
    s->worker = true;
    sim_unlock();
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    if (pthread_create(&thread, NULL, work, s) == 0)
        pthread_detach(thread);
    else
        sim_say("cannot start a stream's thread; its work will never end");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    sim_lock();
}

void sim_stream_push(struct sim_stream *s, struct sim_op *op)
{
    op->seq = ++sim.last_seq;
    op->next = NULL;
    if (s->tail)
        s->tail->next = op;
    else
        s->head = op;
    s->tail = op;
    bool timeless = op->kind == OP_RECORD || op->kind == OP_WAIT;
    if (!timeless && !op->by_owner && !s->worker)
        start_worker(s);
    settle();
}

/* Runs an operation in the calling thread when its turn comes: a copy that is waited for costs no change of thread. */
void sim_stream_run_owned(struct sim_stream *s, struct sim_op *op)
{
    op->by_owner = true;
    sim_stream_push(s, op);
    while (s->head != op || !ready(s, op))
        pthread_cond_wait(&sim.progress, &sim.lock);
    run_head(s);
    sim_free(op, sizeof *op);
}

bool sim_stream_drained(const struct sim_stream *s, uint64_t seq)
{
    if (s->head && s->head->seq <= seq)
        return false;
    if (s != s->ctx->legacy)
        return true;
    for (const struct sim_stream *o = sim.streams; o; o = o->next)
        if (o->ctx == s->ctx && o->blocking && o->head && o->head->seq <= seq)
            return false;
    return true;
}

void sim_wait_stream(struct sim_stream *s)
{
    uint64_t seq = sim.last_seq;
    while (!sim_stream_drained(s, seq))
        pthread_cond_wait(&sim.progress, &sim.lock);
}

static bool ctx_drained(const struct sim_ctx *ctx, uint64_t seq)
{
    for (const struct sim_stream *s = sim.streams; s; s = s->next)
        if (s->ctx == ctx && s->head && s->head->seq <= seq)
            return false;
    return true;
}

void sim_wait_ctx(const struct sim_ctx *ctx)
{
    uint64_t seq = sim.last_seq;
    while (!ctx_drained(ctx, seq))
        pthread_cond_wait(&sim.progress, &sim.lock);
}

static bool op_touches(const struct sim_op *op, uintptr_t base, size_t bytes)
{
    if (op->kind == OP_FILL)
        return (uintptr_t)op->fill.dst >= base && (uintptr_t)op->fill.dst < base + bytes;
    if (op->kind != OP_COPY)
        return false;
    uintptr_t src = (uintptr_t)op->xfer.src, dst = (uintptr_t)op->xfer.dst;
    if (!op->staged && src < base + bytes && base < src + sim_xfer_src_extent(&op->xfer))
        return true;
    return dst < base + bytes && base < dst + sim_xfer_dst_extent(&op->xfer);
}

/* Whether an operation queued or running, in any stream, reads or writes these bytes. */
bool sim_host_range_busy(uintptr_t base, size_t bytes)
{
    for (const struct sim_stream *s = sim.streams; s; s = s->next)
        for (const struct sim_op *op = s->head; op; op = op->next)
            if (op_touches(op, base, bytes))
                return true;
    return false;
}

/* A spare stream, whose queue has run empty, serves again with its worker: threads are bounded by the streams alive. */
struct sim_stream *sim_stream_new(struct sim_ctx *ctx, unsigned flags, int priority, uint64_t owner)
{
    struct sim_stream *s = sim.streams;
    while (s && (s->live || s->head))
        s = s->next;
    if (!s) {
        s = sim_alloc(sizeof *s);
        pthread_cond_init(&s->wake, NULL);
        s->next = sim.streams;
        sim.streams = s;
    }
    s->ctx = ctx;
    s->live = true;
    s->flags = flags;
    s->blocking = !(flags & 1);
    s->priority = priority;
    s->owner = owner;
    s->id = ++sim.last_id;
    s->capture = NULL;
    sim_handle_add(s, KIND_STREAM);
    return s;
}

/* Its queue drains on; a new stream may take its place afterwards. */
void sim_stream_retire(struct sim_stream *s)
{
    sim_capture_stream_gone(s);
    sim_handle_remove(s);
    s->live = false;
}
