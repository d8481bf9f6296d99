/* Cases: every violation the driver calls out, and that it survives each.  Owns nothing. */
#define _GNU_SOURCE
#include "selftest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void unregister(struct task *t)
{
    t->rc = cu.cuMemHostUnregister(t->p);
}

/* Unregistering waits for all work of the context, whatever it touches. */
static void unregister_waits(void)
{
    struct gate g = {0};
    CUcontext ctx = begin();
    struct task t = {.ctx = ctx, .p = pages(4096, 0)};
    CUstream s = stream(1);
    OK(cu.cuMemHostRegister_v2(t.p, 4096, 0));
    block_stream(s, &g);
    start(&t, unregister);
    CHECK(!finishes(&t, 60));
    SAME(state->registered_regions, 1);
    open_gate(&g);
    CHECK(finishes(&t, 5000));
    join(&t);
    OK(t.rc);
    SAME(state->violations, 0);
}

static void unregister_while_copying(void)
{
    struct gate g = {0};
    CUcontext ctx = begin();
    struct task t = {.ctx = ctx, .p = pages(8192, 1)};
    CUstream s = stream(1);
    CUdeviceptr d = device(4096);
    OK(cu.cuMemHostRegister_v2(t.p, 8192, 0));
    block_stream(s, &g);
    OK(cu.cuMemcpyHtoDAsync_v2(d, (char *)t.p + 4096, 10, s));
    start(&t, unregister);
    CHECK(!finishes(&t, 60));
    open_gate(&g);
    join(&t);
    OK(t.rc);
    SAME(state->violations, 1);
    SAME(state->violation[SIM_V_BUSY_UNREGISTER], 1);
}

static void free_host(struct task *t)
{
    t->rc = cu.cuMemFreeHost(t->p);
}

static void free_while_copying(void)
{
    struct gate g = {0};
    CUcontext ctx = begin();
    struct task t = {.ctx = ctx};
    CUstream s = stream(1);
    CUdeviceptr d = device(4096);
    OK(cu.cuMemHostAlloc(&t.p, 4096, 0));
    block_stream(s, &g);
    OK(cu.cuMemcpyDtoHAsync_v2(t.p, d, 10, s));
    start(&t, free_host);
    CHECK(!finishes(&t, 60));
    open_gate(&g);
    join(&t);
    OK(t.rc);
    SAME(state->violation[SIM_V_BUSY_FREE], 1);
}

static void memory_gone(void)
{
    struct gate g = {0};
    begin();
    unsigned char *p = pages(MIB, 1), *q = pages(MIB, 1);
    CUstream s = stream(1);
    CUdeviceptr d = device(MIB);
    OK(cu.cuMemHostRegister_v2(p, MIB, 0));
    block_stream(s, &g);
    OK(cu.cuMemcpyHtoDAsync_v2(d, p, MIB, s));
    OK(cu.cuMemcpyDtoHAsync_v2(p, d, MIB, s));
    munmap(p + 512 * KIB, 4096);
    open_gate(&g);
    OK(cu.cuStreamSynchronize(s));
    SAME(state->violation[SIM_V_DMA_UNMAPPED], 2);
    OK(cu.cuMemHostUnregister(p));
    SAME(state->violation[SIM_V_UNMAPPED_UNREGISTER], 1);
    munmap(q + 4096, 4096);
    SAME(cu.cuMemHostRegister_v2(q, MIB, 0), CUDA_ERROR_INVALID_VALUE);
    SAME(state->violation[SIM_V_REGISTER_UNMAPPED], 1);
    SAME(state->registered_regions, 0);
    OK(cu.cuMemcpyHtoD_v2(d, q, MIB)); /* pageable, and still no crash */
    SAME(state->violation[SIM_V_DMA_UNMAPPED], 3);
    SAME(state->violations, 5);
}

static CUresult in_callback;
static void call_driver(void *data)
{
    CUdeviceptr d;
    const char *name;
    (void)data;
    in_callback = cu.cuMemAlloc_v2(&d, 16);
    OK(cu.cuGetErrorName(1, &name));
}

static void call_from_callback(void)
{
    begin();
    CUstream s = stream(1);
    OK(cu.cuLaunchHostFunc(s, call_driver, NULL));
    OK(cu.cuStreamSynchronize(s));
    SAME(in_callback, CUDA_ERROR_NOT_PERMITTED);
    SAME(state->violations, 1);
    SAME(state->violation[SIM_V_CALLBACK_CALL], 1);
}

static void forked(void)
{
    int status, version;
    begin();
    unsigned char *p = pages(4096, 0);
    pid_t pid = fork();
    if (pid == 0) {
        bool good = cu.cuDriverGetVersion(&version) == CUDA_SUCCESS && cu.cuMemHostRegister_v2(p, 4096, 0) == 3;
        _exit(good ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    SAME(status, 0);
    SAME(state->violations, 1);
    SAME(state->violation[SIM_V_FORKED_CALL], 1);
    OK(cu.cuMemHostRegister_v2(p, 4096, 0)); /* the parent may go on */
}

/* A child forked before the driver was used is a process like any other. */
static void forked_before_init(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        begin();
        _exit(cu.cuCtxSynchronize() == CUDA_SUCCESS ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    SAME(status, 0);
    SAME(state->violations, 0);
}

static void call_late(void)
{
    int n;
    if (cu.cuDeviceGetCount(&n) != CUDA_ERROR_DEINITIALIZED || state->violation[SIM_V_SHUTDOWN_CALL] != 1)
        _exit(1);
}

static void after_exit_began(void)
{
    atexit(call_late); /* before cuInit: runs after the driver's own handler */
    begin();
    exit(0); /* SIMCUDA_STRICT turns the status into 99 */
}

static void not_strict(void)
{
    atexit(call_late);
    begin();
    exit(0);
}

static void leaked_at_destroy(void)
{
    CUcontext ctx = begin();
    unsigned char *p = pages(8192, 0);
    OK(cu.cuMemHostRegister_v2(p, 8192, 1));
    OK(cu.cuCtxDestroy_v2(ctx));
    SAME(state->leaked_registrations, 1);
    SAME(state->violation[SIM_V_LEAKED_REGISTRATION], 1);
    SAME(state->registered_bytes, 0);
    SAME(cu.cuMemHostUnregister(p), CUDA_ERROR_INVALID_CONTEXT);
    begin();
    SAME(cu.cuMemHostUnregister(p), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
}

static void primary_contexts(void)
{
    CUcontext a, b;
    unsigned flags;
    int active = 7;
    unsigned char *p = pages(8192, 0);
    OK(cu.cuInit(0));
    OK(cu.cuDevicePrimaryCtxGetState(0, &flags, &active));
    SAME(active, 0);
    SAME(cu.cuDevicePrimaryCtxRelease(0), CUDA_ERROR_INVALID_CONTEXT);
    OK(cu.cuDevicePrimaryCtxRetain(&a, 0));
    OK(cu.cuDevicePrimaryCtxRetain(&b, 0));
    CHECK(a == b);
    OK(cu.cuCtxSetCurrent(a));
    OK(cu.cuMemHostRegister_v2(p, 8192, 0));
    OK(cu.cuDevicePrimaryCtxRelease(0));
    SAME(state->leaked_registrations, 0);
    OK(cu.cuDevicePrimaryCtxReset(0));
    SAME(state->leaked_registrations, 1);
    OK(cu.cuMemHostRegister_v2(p, 8192, 0));
    OK(cu.cuDevicePrimaryCtxRelease(0));
    SAME(state->leaked_registrations, 2);
    SAME(cu.cuMemHostRegister_v2(p, 8192, 0), CUDA_ERROR_CONTEXT_IS_DESTROYED);
    OK(cu.cuDevicePrimaryCtxRetain(&b, 0));
    CHECK(a == b);
    OK(cu.cuMemHostRegister_v2(p, 8192, 0));
}

/* A registration is its context's, unless portable. */
static void portable(void)
{
    begin();
    unsigned char *p = pages(8192, 0);
    OK(cu.cuMemHostRegister_v2(p, 4096, 0));
    OK(cu.cuMemHostRegister_v2(p + 4096, 4096, 1));
    begin(); /* a second context becomes current */
    CUdeviceptr d = device(8192);
    OK(cu.cuMemcpyHtoD_v2(d, p, 4096));
    SAME(state->copies[SIM_H2D][0][0], 1);
    OK(cu.cuMemcpyHtoD_v2(d, p + 4096, 4096));
    SAME(state->copies[SIM_H2D][1][0], 1);
    SAME(cu.cuMemcpyHtoD_v2(d, p, 8192), CUDA_ERROR_INVALID_VALUE);
}

const struct test_case safety_cases[] = {
    {"unregister_waits", unregister_waits, {0}, 0},
    {"unregister_while_copying", unregister_while_copying, {0}, 0},
    {"free_while_copying", free_while_copying, {0}, 0},
    {"memory_gone", memory_gone, {0}, 0},
    {"call_from_callback", call_from_callback, {0}, 0},
    {"forked", forked, {0}, 0},
    {"forked_before_init", forked_before_init, {0}, 0},
    {"after_exit_began", after_exit_began, {"SIMCUDA_STRICT=1"}, 99},
    {"not_strict", not_strict, {0}, 0},
    {"leaked_at_destroy", leaked_at_destroy, {0}, 0},
    {"primary_contexts", primary_contexts, {0}, 0},
    {"portable", portable, {0}, 0},
    {0},
};
