/* What the tests of the driver's hooks share: the driver's functions found by dlsym as a program finds them, checks
 * that end the program, patterns of bytes, streams held up by a gate, and the counters of the simulated driver.
 *
 * Every function is static: one test is one program.  A test that is run without arguments and calls run_self() runs
 * its own program again, with and without autopin, and compares what the two print. */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "preload/cuda_min.h"
#include "sim_client_calls.h"
#include "tests/sim/sim_state.h"

#define UNUSED __attribute__((unused))

struct calls {
#define X(name, params) CUresult(*name) params;
    SIM_CLIENT_CALLS(X)
#undef X
};
static UNUSED struct calls cu;
static UNUSED struct sim_state *sim; /* the counters; those of an all-zero state when the run has none */
static UNUSED void *driver_handle;

enum {
    KIB = 1024,
    MIB = 1024 * 1024
};

/* --- checks: the first that fails ends the program --------------------------------------------------------------- */

static UNUSED __attribute__((noreturn)) void check_failed(const char *file, int line, const char *what, long long got,
                                                          long long want)
{
    fprintf(stderr, "%s:%d: %s is %lld, expected %lld\n", file, line, what, got, want);
    _exit(1);
}

#define SAME(x, want)                                                                                                  \
    do {                                                                                                               \
        const long long got_ = (long long)(x), want_ = (long long)(want);                                              \
        if (got_ != want_)                                                                                             \
            check_failed(__FILE__, __LINE__, #x, got_, want_);                                                         \
    } while (0)
#define CHECK(x) SAME(!!(x), 1)
#define OK(call) SAME(call, CUDA_SUCCESS)

/* --- beginning ------------------------------------------------------------------------------------------------------
 */

static UNUSED void map_state(void)
{
    static struct sim_state none;
    const char *path = getenv("SIMCUDA_STATE");
    const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *sim, PROT_READ, MAP_SHARED, fd, 0);
    sim = mapped == MAP_FAILED ? &none : mapped;
    if (fd >= 0)
        close(fd);
}

/* Loads the driver and finds its functions; no call is made yet. */
static UNUSED void bind_driver(void)
{
    driver_handle = dlopen("libcuda.so.1", RTLD_NOW);
    if (!driver_handle) {
        fprintf(stderr, "no driver: %s\n", dlerror());
        _exit(1);
    }
#define X(name, params) cu.name = (CUresult(*) params)dlsym(driver_handle, #name);
    SIM_CLIENT_CALLS(X)
#undef X
    map_state();
}

static UNUSED CUcontext new_context(void)
{
    CUcontext context = NULL;
    OK(cu.cuCtxCreate_v2(&context, 0, 0));
    return context;
}

/* The driver, started, with a context; ends a test that hangs after `seconds`. */
static UNUSED CUcontext begin_client(unsigned seconds)
{
    alarm(seconds);
    bind_driver();
    OK(cu.cuInit(0));
    return new_context();
}

static UNUSED CUdeviceptr device_memory(size_t bytes)
{
    CUdeviceptr ptr = 0;
    OK(cu.cuMemAlloc_v2(&ptr, bytes));
    return ptr;
}

static UNUSED CUstream new_stream(void)
{
    CUstream stream = NULL;
    OK(cu.cuStreamCreate(&stream, 1)); /* non-blocking: independent of the legacy stream */
    return stream;
}

static UNUSED void nap_ms(long ms)
{
    const struct timespec nap = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&nap, NULL);
}

static UNUSED uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- bytes ----------------------------------------------------------------------------------------------------------
 */

static UNUSED uint64_t word_of(uint64_t seed, size_t i)
{
    return (seed * 0x9E3779B97F4A7C15ull) ^ (i * 0xD1B54A32D192ED03ull);
}

static UNUSED void fill(void *to, size_t bytes, uint64_t seed)
{
    char *at = to;
    size_t i = 0;
    for (; bytes >= 8; bytes -= 8, at += 8, i++) {
        const uint64_t word = word_of(seed, i);
        memcpy(at, &word, 8);
    }
    const uint64_t word = word_of(seed, i);
    memcpy(at, &word, bytes);
}

/* Index of the first byte that is not as fill() wrote it; `bytes` when all are. */
static UNUSED size_t first_wrong(const void *in, size_t bytes, uint64_t seed)
{
    const char *at = in;
    for (size_t done = 0; done < bytes; done += 8) {
        const uint64_t word = word_of(seed, done / 8);
        const size_t part = bytes - done < 8 ? bytes - done : 8;
        if (memcmp(at + done, &word, part) != 0) {
            for (size_t i = 0; i < part; i++)
                if (at[done + i] != ((const char *)&word)[i])
                    return done + i;
        }
    }
    return bytes;
}

#define HOLDS(in, bytes, seed) SAME(first_wrong(in, bytes, seed), bytes)
/* Device memory of the simulated driver can be read at its address: what is there without any copy. */
#define DEVICE_HOLDS(ptr, bytes, seed) HOLDS((const void *)(uintptr_t)(ptr), bytes, seed)

/* --- promoted blocks ------------------------------------------------------------------------------------------------
 */

/* Copies the block until its copies go the direct way (AUTOPIN_PROMOTE=always; with AUTOPIN_PIN_WAIT=yes after the
 * first copy, or the second one when the first made the driver known).  The test's alarm ends it where that never
 * comes. */
static UNUSED void promote(void *block, size_t bytes)
{
    const uint64_t before = sim->copies[SIM_H2D][1][0];
    const CUdeviceptr device = device_memory(bytes);
    for (int i = 0; sim->copies[SIM_H2D][1][0] == before; i++) {
        OK(cu.cuMemcpyHtoD_v2(device, block, bytes));
        nap_ms(i < 3 ? 0 : 5);
    }
    OK(cu.cuMemFree_v2(device));
}

static UNUSED void *promoted_block(size_t bytes, uint64_t seed)
{
    void *block = malloc(bytes);
    CHECK(block);
    fill(block, bytes, seed);
    promote(block, bytes);
    return block;
}

struct request {
    size_t bytes;
    void *block;
};

static UNUSED void *serve_request(void *arg)
{
    struct request *request = arg;
    request->block = malloc(request->bytes);
    return NULL;
}

/* Allocates from one and the same call stack, wherever it is called from. */
static UNUSED void *same_site(size_t bytes)
{
    struct request request = {.bytes = bytes};
    pthread_t thread;
    SAME(pthread_create(&thread, NULL, serve_request, &request), 0);
    SAME(pthread_join(thread, NULL), 0);
    CHECK(request.block);
    return request.block;
}

/* --- streams that wait ----------------------------------------------------------------------------------------------
 */

struct gate {
    atomic_int open, entered;
};

static UNUSED void wait_for_gate(void *arg)
{
    struct gate *gate = arg;
    atomic_store(&gate->entered, 1);
    while (!atomic_load(&gate->open))
        nap_ms(1);
}

/* Nothing after this on the stream runs until the gate is opened. */
static UNUSED void block_stream(CUstream stream, struct gate *gate)
{
    atomic_store(&gate->open, 0);
    OK(cu.cuLaunchHostFunc(stream, wait_for_gate, gate));
}

static UNUSED void *open_later(void *arg)
{
    nap_ms(50);
    atomic_store(&((struct gate *)arg)->open, 1);
    return NULL;
}

/* Opens the gate after a while, from another thread. */
static UNUSED pthread_t open_soon(struct gate *gate)
{
    pthread_t thread;
    SAME(pthread_create(&thread, NULL, open_later, gate), 0);
    return thread;
}

/* --- functions -------------------------------------------------------------------------------------------------------
 */

/* Whether a function is autopin's. */
static UNUSED int is_autopin(const void *function)
{
    Dl_info info;
    return dladdr(function, &info) && strstr(info.dli_fname, "libautopin.so") != NULL;
}

/* The exported name of a function. */
static UNUSED const char *export_name(const void *function)
{
    Dl_info info;
    return dladdr(function, &info) && info.dli_sname && info.dli_saddr == function ? info.dli_sname : "?";
}

#include "sim_client_self.h"

#endif
