/* Owns the gate each call passes (counting, fault injection, fork, shutdown, callback, capture), cuInit and the life
 * of the process.
 *
 * Takes sim.lock only to ask whether a capture forbids the call. */
#define _GNU_SOURCE
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct sim sim = {.lock = PTHREAD_MUTEX_INITIALIZER, .progress = PTHREAD_COND_INITIALIZER};
static atomic_uint_fast64_t calls_here[SIM_NAMES]; /* calls in this process: what fault injection counts */
static pid_t home;

void sim_lock(void)
{
    pthread_mutex_lock(&sim.lock);
}

void sim_unlock(void)
{
    pthread_mutex_unlock(&sim.lock);
}

/* Calls made where the real driver must not be called. */
static CUresult refuse(const char *name)
{
    if (atomic_load(&sim.forked)) {
        sim_violation(SIM_V_FORKED_CALL, "%s in process %d, forked from %d", name, (int)getpid(), (int)home);
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    if (atomic_load(&sim.shutdown)) {
        sim_violation(SIM_V_SHUTDOWN_CALL, "%s after the process began to exit", name);
        return CUDA_ERROR_DEINITIALIZED;
    }
    if (sim_thread()->in_callback) {
        sim_violation(SIM_V_CALLBACK_CALL, "%s inside a host function or stream callback", name);
        return CUDA_ERROR_NOT_PERMITTED;
    }
    return CUDA_SUCCESS;
}

CUresult sim_enter(int name, int flags)
{
    SIM_ADD(calls_total, 1);
    SIM_ADD(call[name].calls, 1);
    CUresult rc = sim_fault(name, atomic_fetch_add(&calls_here[name], 1) + 1);
    if (rc != CUDA_SUCCESS || (flags & EN_TRIVIAL))
        return rc;
    rc = refuse(sim_exports[name].name);
    if (rc != CUDA_SUCCESS || (flags & EN_NOINIT))
        return rc;
    if (!atomic_load(&sim.initialised))
        return CUDA_ERROR_NOT_INITIALIZED;
    if (!(flags & EN_NOCTX)) {
        struct sim_thread *t = sim_thread();
        if (t->depth == 0 || !t->stack[t->depth - 1])
            return CUDA_ERROR_INVALID_CONTEXT;
        if (!t->stack[t->depth - 1]->alive)
            return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    }
    if ((flags & EN_UNSAFE) && sim_capture_forbids())
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    return CUDA_SUCCESS;
}

CUresult sim_stub(int name)
{
    CUresult rc = sim_enter(name, EN_NOINIT);
    return rc != CUDA_SUCCESS ? rc : CUDA_ERROR_NOT_SUPPORTED;
}

static void begin_shutdown(void)
{
    atomic_store(&sim.shutdown, true);
}

static void begin(void)
{
    atexit(begin_shutdown);
    atomic_store(&sim.initialised, true);
}

CUresult cuInit(unsigned flags)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ENTER(cuInit, EN_NOINIT);
    if (flags != 0)
        return CUDA_ERROR_INVALID_VALUE;
    if (sim.config.devices == 0)
        return CUDA_ERROR_NO_DEVICE;
    pthread_once(&once, begin);
    return CUDA_SUCCESS;
}

/* A child of a process that used the driver may not use it; one of a process that did not starts afresh. */
static void in_child(void)
{
    if (atomic_load(&sim.initialised)) {
        atomic_store(&sim.forked, true);
        return;
    }
    pthread_mutex_init(&sim.lock, NULL);
    pthread_cond_init(&sim.progress, NULL);
    home = getpid();
}

__attribute__((constructor)) static void load(void)
{
    home = getpid();
    sim_state_open();
    sim_config_load(&sim.config);
    sim_fault_load();
    pthread_atfork(NULL, NULL, in_child);
}

/* Runs after every atexit handler, so violations made there count too. */
__attribute__((destructor)) static void unload(void)
{
    if (!sim.config.strict || getpid() != home || atomic_load(&sim.state->violations) == 0)
        return;
    fflush(NULL);
    _exit(99);
}
