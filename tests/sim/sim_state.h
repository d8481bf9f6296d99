/* The state file of the simulated driver: counters that tests read while, and after, a program runs.
 *
 * Owns the layout only.  The file named by SIMCUDA_STATE is mapped shared by the driver and holds one
 * struct sim_state.  Gauges (registered_*, pinned_*) change under the driver's big lock, at the instant the
 * registration table changes; all fields may be read at any time without a lock. */
#ifndef SIM_STATE_H
#define SIM_STATE_H

#include <stdatomic.h>
#include <stdint.h>

#define SIM_STATE_MAGIC   0x53494d43u
#define SIM_STATE_VERSION 1u
#define SIM_STATE_CALLS   640
#define SIM_STATE_NAME    64

enum sim_dir {
    SIM_H2D,
    SIM_D2H,
    SIM_D2D,
    SIM_H2H,
    SIM_DIRS
};

/* kind, word printed in the VIOLATION line and used as key by simstat */
#define SIM_VIOLATIONS(X)                                                                                              \
    X(SIM_V_DMA_UNMAPPED, dma_unmapped)                                                                                \
    X(SIM_V_BUSY_UNREGISTER, busy_unregister)                                                                          \
    X(SIM_V_BUSY_FREE, busy_free)                                                                                      \
    X(SIM_V_REGISTER_UNMAPPED, register_unmapped)                                                                      \
    X(SIM_V_UNMAPPED_UNREGISTER, unmapped_unregister)                                                                  \
    X(SIM_V_FORKED_CALL, forked_call)                                                                                  \
    X(SIM_V_SHUTDOWN_CALL, shutdown_call)                                                                              \
    X(SIM_V_CALLBACK_CALL, callback_call)                                                                              \
    X(SIM_V_LEAKED_REGISTRATION, leaked_registration)                                                                  \
    X(SIM_V_GRAPH_UNPINNED, graph_unpinned)

enum sim_violation {
#define X(id, word) id,
    SIM_VIOLATIONS(X)
#undef X
    SIM_V_KINDS
};

/* every plain counter of the file, in the order of the file */
#define SIM_COUNTERS(X)                                                                                                \
    X(calls_total)                                                                                                     \
    X(faults_injected)                                                                                                 \
    X(violations)                                                                                                      \
    X(straddles)                                                                                                       \
    X(registered_bytes)                                                                                                \
    X(registered_bytes_peak)                                                                                           \
    X(registered_regions)                                                                                              \
    X(regions_peak)                                                                                                    \
    X(registered_bytes_total)                                                                                          \
    X(register_calls)                                                                                                  \
    X(unregister_calls)                                                                                                \
    X(leaked_registrations)                                                                                            \
    X(host_alloc_bytes)                                                                                                \
    X(host_alloc_bytes_peak)                                                                                           \
    X(host_alloc_regions)                                                                                              \
    X(pinned_bytes)                                                                                                    \
    X(pinned_bytes_peak)                                                                                               \
    X(device_bytes)                                                                                                    \
    X(device_bytes_peak)                                                                                               \
    X(staged_copies)                                                                                                   \
    X(graph_launches)                                                                                                  \
    X(captures_begun)                                                                                                  \
    X(captures_invalidated)

struct sim_call_count {
    char name[SIM_STATE_NAME];
    _Atomic uint64_t calls;
};

struct sim_state {
    _Atomic uint32_t magic;
    uint32_t version;
#define X(name) _Atomic uint64_t name;
    SIM_COUNTERS(X)
#undef X
    _Atomic uint64_t violation[SIM_V_KINDS];
    /* [direction][0 pageable, 1 pinned][0 synchronous, 1 asynchronous entry point] */
    _Atomic uint64_t copies[SIM_DIRS][2][2];
    _Atomic uint64_t bytes[SIM_DIRS][2][2];
    _Atomic uint64_t modelled_ns[SIM_DIRS][2];
    uint64_t call_names;
    struct sim_call_count call[SIM_STATE_CALLS];
};

#endif
