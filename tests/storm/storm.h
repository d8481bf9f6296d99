/* The storm: a program that does everything a CUDA program may do to its host memory, from many threads, and checks
 * every byte.  What its files share.
 *
 * A thread owns its slots (blocks of memory whose every byte follows from a seed) and draws what it does from the seed
 * of the run; how the threads interleave is the machine's business.  The first thing that is wrong ends the program. */
#ifndef STORM_H
#define STORM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/cuda_min.h"
#include "storm_calls.h"
#include "tests/sim/sim_state.h"

enum {
    KIB = 1024,
    MIB = 1024 * 1024,
    PAGE = 4096,
    THREADS_MOST = 16,
    SLOTS = 6,
    STREAMS = 4, /* legacy, per-thread, the thread's own: non-blocking, blocking */
    OWN_STREAM = 2,
    STAGED_BYTES = 64 * KIB, /* copies up to this return early, rule 11 */
    ARRAY_BYTES = 256 * KIB,
    TRIES = 1000, /* of a call that fails now and then */
    GATED_BYTES = 3 * STAGED_BYTES,
};

/* Everything that is done, and counted.  Those in the second list ask for a driver. */
/* clang-format off */
#define STORM_KINDS(X)                                                                                                 \
    X(malloc) X(calloc) X(realloc) X(reallocarray) X(memalign) X(posix_memalign) X(aligned_alloc) X(free)              \
    X(fork) X(fork_exit) X(fork_exec) X(thread) X(dontneed) X(dontneed_locked) X(madv_free) X(huge_page)               \
    X(dont_fork) X(wipe_on_fork) X(protect) X(lock)
#define STORM_DRIVER_KINDS(X)                                                                                          \
    X(h2d) X(h2d_async) X(d2h) X(d2h_async) X(unified) X(unified_async) X(per_thread) X(host_to_host)                  \
    X(host_to_host_async) X(copy_2d) X(copy_2d_async) X(copy_3d) X(copy_3d_async) X(htoa) X(htoa_async)                \
    X(atoh) X(atoh_async) X(shared) X(host_function) X(callback) X(gate) X(free_in_flight) X(capture) X(graph_node)    \
    X(graph_launch) X(context) X(primary_context) X(context_switch) X(register_whole) X(register_part) X(straddle)     \
    X(query)
/* clang-format on */

enum kind {
#define X(name) K_##name,
    STORM_KINDS(X)
    STORM_DRIVER_KINDS(X)
#undef X
        KINDS
};

extern struct storm {
    uint64_t seed, deadline_ns;
    int threads, driver, relaxed, faults, keeps, gates;
    uint64_t left_out; /* kinds not done, by bit */
    _Atomic uint64_t count[KINDS], steps, refused;
} storm;

extern struct calls {
#define X(name, params) CUresult(*name) params;
    STORM_CALLS(X)
#undef X
} cu;
extern struct sim_state *sim;

/* A context, and what a thread has in it. */
struct place {
    CUcontext context;
    CUdeviceptr device;
    size_t device_bytes;
    CUarray array;
    CUstream stream[STREAMS];
};

struct slot {
    char *base; /* NULL: there is none */
    size_t bytes;
    uint64_t seed;
    char *registered; /* a registration of the program's own: where, how much, where it can be seen */
    size_t registered_bytes;
    CUcontext registered_in; /* NULL: everywhere */
    int unlike_in_child;     /* a forked child does not see it */
};

struct worker {
    unsigned id;
    uint64_t random, n_seeds, n_steps;
    const char *_Atomic doing;
    struct slot slot[SLOTS];
    struct slot graph_slot[2];
    struct place home[2], away;
    struct place *at;
};

/* main.c */
uint64_t draw(struct worker *w, uint64_t below);
int allowed(enum kind kind);
void did(enum kind kind);
__attribute__((noreturn, format(printf, 2, 3))) void wrong(const struct worker *w, const char *format, ...);
uint64_t now_ns(void);
void step(struct worker *w);

/* driver.c: calls that must succeed, unless a fault was injected */
void driver_open(void);
int try_call(struct worker *w, CUresult result, const char *what);
#define TRY(w, call) try_call(w, call, #call)
/* For what must not be left undone: again, until no fault is injected. */
#define INSIST(w, call)                                                                                                \
    do {                                                                                                               \
        int tries_ = TRIES;                                                                                            \
        while (!try_call(w, call, #call))                                                                              \
            if (--tries_ == 0)                                                                                         \
                wrong(w, "%s never succeeds", #call);                                                                  \
    } while (0)
int place_open(struct worker *w, struct place *place, size_t device_bytes);
void place_close(struct worker *w, struct place *place);
void stream_wait(struct worker *w, CUstream stream);

/* model.c: the bytes */
void fill_at(uint64_t seed, size_t offset, void *to, size_t bytes);
void check_at(const struct worker *w, uint64_t seed, size_t offset, const void *in, size_t bytes, const char *what);
void slot_fill(struct worker *w, struct slot *s);
void slot_refill(struct slot *s, size_t from, size_t bytes);
void slot_check(const struct worker *w, const struct slot *s, const char *what);
struct slot *any_slot(struct worker *w); /* one with memory; NULL when there is none */
struct range {
    size_t from, bytes;
};
struct range any_range(struct worker *w, const struct slot *s, size_t most);
size_t any_size(struct worker *w);

/* alloc.c */
void slot_alloc(struct worker *w, struct slot *s);
void slot_free(struct worker *w, struct slot *s);
void slot_resize(struct worker *w, struct slot *s);
void slot_advise(struct worker *w, struct slot *s);

/* forks.c */
void fork_child(struct worker *w);
void other_thread(struct worker *w);

/* copies.c, shaped.c */
enum sight {
    OUTSIDE,  /* of the program's registrations */
    INSIDE,   /* wholly within one */
    STRADDLES /* its border: the driver refuses */
};
enum sight sight_of(const struct worker *w, const struct slot *s, size_t from, size_t bytes);
void copy_cycle(struct worker *w, struct slot *s);
void copy_host_to_host(struct worker *w, struct slot *s);
void copy_gated(struct worker *w, struct slot *s);
void copy_and_free(struct worker *w, struct slot *s);
void copy_shaped(struct worker *w, struct slot *s);
void copy_shaped_now(struct worker *w, struct slot *s);
void copy_array(struct worker *w, struct slot *s);

/* shared.c: one block that all threads copy from */
void shared_start(void);
void shared_end(void);
void shared_copy(struct worker *w);

/* registers.c */
void slot_register(struct worker *w, struct slot *s);
void slot_unregister(struct worker *w, struct slot *s);
void slot_query(struct worker *w, const struct slot *s);

/* streams.c: what else goes on in a stream */
void stream_call_host(struct worker *w);

/* graphs.c */
void graph_capture(struct worker *w);
void graph_of_nodes(struct worker *w);

/* contexts.c */
void context_come_and_go(struct worker *w);
void context_switch(struct worker *w);

#endif
