/* Owns the moving of bytes, the modelled time it takes, and the running of queued operations.
 *
 * Takes only the modelled link's leaf lock.  Bytes move by process_vm_readv on this process: like DMA it ignores what
 * the program does meanwhile, and memory that is gone is an error, not a crash. */
#define _GNU_SOURCE
#include "sim.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    SPIN_NS = 60000
};
static pthread_mutex_t link_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t link_free_ns[SIM_DIRS]; /* link_lock: when the modelled link of a direction falls idle */

uint64_t sim_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Sleeps through the bulk and spins through the rest: sleeping alone overshoots by more than a small copy takes. */
void sim_sleep_until(uint64_t deadline_ns)
{
    uint64_t now = sim_now_ns();
    if (now + SPIN_NS < deadline_ns) {
        uint64_t wake = deadline_ns - SPIN_NS;
        struct timespec t = {.tv_sec = (time_t)(wake / 1000000000u), .tv_nsec = (long)(wake % 1000000000u)};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
        }
    }
    while (sim_now_ns() < deadline_ns) {
    }
}

/* Holds the caller until the copy's modelled time is over.  Copies of one direction share one modelled link, which
 * carries the pinned rate in all; a pageable copy takes longer, but loads the link no more than a pinned one. */
void sim_model_wait(enum sim_dir dir, bool pinned, size_t bytes, uint64_t start_ns)
{
    const struct sim_config *c = &sim.config;
    double rate = pinned ? c->pinned_bytes_per_ns : c->pageable_bytes_per_ns;
    uint64_t own = rate > 0 ? (uint64_t)((double)bytes / rate) : 0;
    uint64_t load = c->pinned_bytes_per_ns > 0 ? (uint64_t)((double)bytes / c->pinned_bytes_per_ns) : 0;
    if (own + load + c->latency_ns == 0 || dir == SIM_D2D || dir == SIM_H2H)
        return;
    SIM_ADD(modelled_ns[dir][pinned], own + c->latency_ns);
    pthread_mutex_lock(&link_lock);
    uint64_t begin = link_free_ns[dir] > start_ns ? link_free_ns[dir] : start_ns;
    link_free_ns[dir] = begin + load;
    pthread_mutex_unlock(&link_lock);
    uint64_t end = begin + (own > load ? own : load);
    sim_sleep_until(end + c->latency_ns);
}

/* Returns the bytes moved before a page was missing. */
static size_t guarded_copy(void *dst, const void *src, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        struct iovec to = {(char *)dst + done, bytes - done}, from = {(char *)(uintptr_t)src + done, bytes - done};
        ssize_t n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
        if (n > 0) {
            done += (size_t)n;
            continue;
        }
        if (n < 0 && errno == EFAULT)
            return done;
        /* the call is not permitted here: probe, then copy */
        if (!sim_mapped((uintptr_t)src, bytes) || !sim_mapped((uintptr_t)dst, bytes))
            return done;
        memcpy(dst, src, bytes);
        return bytes;
    }
    return done;
}

static void violated(const struct sim_xfer *x, const void *dst, const void *src, size_t bytes)
{
    static const char *const words[SIM_DIRS] = {"h2d", "d2h", "d2d", "h2h"};
    bool source = !sim_mapped((uintptr_t)src, bytes);
    sim_violation(SIM_V_DMA_UNMAPPED, "%s copy of %zu bytes: %s %p is not mapped", words[x->dir], bytes,
                  source ? "source" : "destination", source ? src : dst);
}

static bool move_row(const struct sim_xfer *x, void *dst, const void *src, size_t bytes)
{
    bool whole = sim.config.move_data ? guarded_copy(dst, src, bytes) == bytes
                                      : sim_mapped((uintptr_t)src, bytes) && sim_mapped((uintptr_t)dst, bytes);
    if (!whole)
        violated(x, dst, src, bytes);
    return whole;
}

void sim_move(const struct sim_xfer *x)
{
    for (size_t z = 0; z < x->depth; z++)
        for (size_t y = 0; y < x->height; y++)
            if (!move_row(x, x->dst + z * x->dst_slice + y * x->dst_pitch, x->src + z * x->src_slice + y * x->src_pitch,
                          x->width))
                return;
}

/* The source, packed, into the driver's own buffer. */
void sim_stage(const struct sim_xfer *x, void *staged)
{
    struct sim_xfer pack = *x;
    pack.dst = staged;
    pack.dst_pitch = x->width;
    pack.dst_slice = x->width * x->height;
    sim_move(&pack);
    SIM_ADD(staged_copies, 1);
}

/* From now on the copy reads the driver's buffer. */
static void unstage(struct sim_xfer *x, const void *staged)
{
    x->src = staged;
    x->src_pitch = x->width;
    x->src_slice = x->width * x->height;
}

static void fill(const struct sim_fill *f)
{
    for (size_t y = 0; y < f->height; y++) {
        unsigned char *row = f->dst + y * f->pitch;
        if (f->element_bytes == 1) {
            memset(row, (int)f->value, f->width);
            continue;
        }
        for (size_t i = 0; i < f->width; i++)
            memcpy(row + i * f->element_bytes, &f->value, f->element_bytes);
    }
}

static void call_host(const struct sim_host_call *h)
{
    struct sim_thread *t = sim_thread();
    t->in_callback = true;
    if (h->function)
        h->function(h->data);
    else
        h->callback(h->handle, CUDA_SUCCESS, h->data);
    t->in_callback = false;
}

static void copy(const struct sim_op *op)
{
    uint64_t start = sim_now_ns();
    struct sim_xfer x = op->xfer;
    if (op->staged)
        unstage(&x, op->staged);
    sim_move(&x);
    sim_model_wait(x.dir, x.pinned, sim_xfer_bytes(&x), start);
}

/* Runs one operation, in its stream's thread or its caller's; no lock is held, and others may look at it meanwhile. */
void sim_op_execute(const struct sim_op *op)
{
    switch (op->kind) {
    case OP_COPY:
        copy(op);
        break;
    case OP_FILL:
        fill(&op->fill);
        break;
    case OP_HOST:
        call_host(&op->host);
        break;
    case OP_FREE:
        sim_device_free(op->free_address);
        break;
    case OP_RECORD:
    case OP_WAIT:
        break;
    }
}
