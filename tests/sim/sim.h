/* Inside of the simulated driver: objects, locks and the functions its files lend each other.
 *
 * Owns no data.  Locks, by rank: sim.lock (the big lock: every table, stream, event, graph) > the pool's lock and
 * the modelled link's lock (leaves).  No user callback runs, no bytes move and no malloc is called under any of them:
 * the driver's own memory comes from sim_pool.c, so that a preloaded malloc can call the driver whenever it likes. */
#ifndef SIM_H
#define SIM_H

#include <pthread.h>
#include <stdbool.h>

#include "../../preload/cuda_min.h"
#include "sim_names.h"
#include "sim_state.h"

enum {
    SIM_ERROR_STREAM_CAPTURE_INVALIDATED = 901,
    SIM_ERROR_STREAM_CAPTURE_MERGE = 902,
    SIM_ERROR_STREAM_CAPTURE_UNMATCHED = 903,
    SIM_ERROR_STREAM_CAPTURE_UNJOINED = 904,
    SIM_ERROR_STREAM_CAPTURE_ISOLATION = 905,
    SIM_ERROR_STREAM_CAPTURE_IMPLICIT = 906,
    SIM_ERROR_CAPTURED_EVENT = 907,
    SIM_ERROR_STREAM_CAPTURE_WRONG_THREAD = 908,
    SIM_ERROR_ILLEGAL_STATE = 401,
    SIM_ERROR_INVALID_DEVICE = 101,
    SIM_ERROR_PRIMARY_CONTEXT_ACTIVE = 708,
    SIM_DRIVER_VERSION = 12020,
    SIM_STAGE_BYTES = 64 * 1024, /* pageable copies up to this are staged before the call returns */
    SIM_MAX_DEVICES = 16,
};
#define SIM_DEVICE_MEM_BYTES (16ull << 30)

/* ---- exports (generated table) and the gate every entry point passes ---- */
struct sim_export {
    const char *name, *base;
    void *address;
    int since, generation, per_thread;
};
extern const struct sim_export sim_exports[SIM_NAMES];

enum {
    EN_TRIVIAL = 1, /* asks nothing of the driver: legal before cuInit, in a forked child, in a callback */
    EN_NOINIT = 2,  /* legal before cuInit */
    EN_NOCTX = 4,   /* needs no current context */
    EN_UNSAFE = 8,  /* forbidden while a capture forbids potentially unsafe calls */
};
CUresult sim_enter(int name, int flags);
CUresult sim_stub(int name);
#define ENTER(name, flags)                                                                                             \
    do {                                                                                                               \
        CUresult entered_ = sim_enter(SIM_ID_##name, flags);                                                           \
        if (entered_ != CUDA_SUCCESS)                                                                                  \
            return entered_;                                                                                           \
    } while (0)

#include "sim_objects.h"

/* ---- memory ---- */
enum sim_region_kind {
    REGION_DEVICE,
    REGION_MANAGED,
    REGION_HOST_ALLOC,
    REGION_REGISTERED
};
struct sim_region {
    uintptr_t base;
    size_t bytes, mapped_bytes;
    enum sim_region_kind kind;
    unsigned flags;
    uint64_t id;
    struct sim_ctx *ctx;
};
struct sim_table { /* sorted by base, never overlapping: sim.lock */
    struct sim_region *row;
    size_t rows, room;
};
enum sim_place {
    PLACE_PAGEABLE,
    PLACE_PINNED,
    PLACE_DEVICE,
    PLACE_BAD
};
struct sim_region *sim_table_at(const struct sim_table *t, uintptr_t address);
bool sim_table_overlaps(const struct sim_table *t, uintptr_t base, size_t bytes);
struct sim_region *sim_table_insert(struct sim_table *t, const struct sim_region *r);
void sim_table_remove(struct sim_table *t, struct sim_region *r);
enum sim_place sim_classify(const struct sim_ctx *ctx, uintptr_t base, size_t bytes);
size_t sim_page_extent(uintptr_t base, size_t bytes);
bool sim_mapped(uintptr_t base, size_t bytes);
CUresult sim_device_alloc(struct sim_ctx *ctx, size_t bytes, enum sim_region_kind kind, CUdeviceptr *out);
CUresult sim_device_free(uintptr_t address);
void sim_ctx_drop_memory(struct sim_ctx *ctx);
struct sim_array {
    struct sim_handle h;
    CUdeviceptr memory;
    size_t width, height, depth, pitch; /* pitch in bytes */
    unsigned format, channels, flags;
};

/* ---- per thread ---- */
enum {
    SIM_CTX_STACK = 16
};
struct sim_thread {
    uint64_t id;
    struct sim_ctx *stack[SIM_CTX_STACK];
    int depth;
    CUstreamCaptureMode mode;
    bool in_callback;
};
struct sim_thread *sim_thread(void);
struct sim_ctx *sim_ctx_current(void);
bool sim_device_known(CUdevice d);
void sim_ctx_destroy_contents(struct sim_ctx *ctx);
void sim_thread_watch(void); /* have this thread's per-thread streams retired when it ends */

/* ---- configuration ---- */
struct sim_config {
    double pageable_bytes_per_ns, pinned_bytes_per_ns; /* 0 = no modelled delay */
    uint64_t latency_ns;
    double register_ns_per_byte;
    bool move_data, strict;
    int devices;
};
void sim_config_load(struct sim_config *c);
bool sim_config_attribute(int attribute, int *value);
void sim_fault_load(void);
CUresult sim_fault(int name, uint64_t nth_of_name);
void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- the driver ---- */
struct sim {
    pthread_mutex_t lock;
    pthread_cond_t progress; /* with lock: an operation ended */
    struct sim_state *state;
    struct sim_config config;
    atomic_bool initialised, forked, shutdown;
    atomic_int captures_open;
    uint64_t last_id, last_seq; /* lock */
    struct sim_ctx *contexts;   /* lock */
    struct sim_ctx *primary[SIM_MAX_DEVICES];
    struct sim_stream *streams;    /* lock */
    struct sim_capture *captures;  /* lock */
    struct sim_table device, host; /* lock; host: allocated and registered */
};
extern struct sim sim;
void sim_lock(void);
void sim_unlock(void);
void sim_state_open(void);
void sim_violation(enum sim_violation kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define SIM_ADD(counter, n) atomic_fetch_add_explicit(&sim.state->counter, (uint64_t)(n), memory_order_relaxed)
#define SIM_SUB(counter, n) atomic_fetch_sub_explicit(&sim.state->counter, (uint64_t)(n), memory_order_relaxed)
void sim_raise(_Atomic uint64_t *peak, uint64_t value);

#endif
