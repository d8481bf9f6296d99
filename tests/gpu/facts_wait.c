/* Facts about waiting: which calls return while a stream is held up, and what a capture forbids to other threads.
 *
 * Streams are held up for a limited time (facts_hold.c), so nothing here can hang for longer. */
#define _GNU_SOURCE
#include "tests/gpu/facts.h"

#include <sys/mman.h>
#include <unistd.h>

#define LIMIT_S 0.4

/* Says whether call(argument) returns while the stream is held up. */
static void returns_early(const char *name, int kernel, CUresult (*call)(void *), void *argument)
{
    char full[96];
    CUresult result;
    double taken_s = while_held(held, kernel, call, argument, &result);
    snprintf(full, sizeof full, "%s_while_a_%s_runs", name, kernel ? "kernel" : "host_function");
    if (taken_s < 0)
        fact(full, "waits for it (then result %d)", result);
    else
        fact(full, "returns after %.0f us, result %d", taken_s * 1e6, result);
}

struct one_copy {
    int to_host;
    char *host;
    CUdeviceptr device;
    size_t bytes;
};

static CUresult call_copy(void *argument)
{
    const struct one_copy *c = argument;
    return c->to_host ? cu.d2h_async(c->host, c->device, c->bytes, held)
                      : cu.h2d_async(c->device, c->host, c->bytes, held);
}
static CUresult call_register(void *memory)
{
    return cu.host_register(memory, 4 * MIB, CU_MEMHOSTREGISTER_PORTABLE);
}
static CUresult call_unregister(void *memory)
{
    return cu.host_unregister(memory);
}
static CUresult call_free_host(void *memory)
{
    return cu.host_free(memory);
}

void facts_waiting(void)
{
    static const size_t sizes[] = {4, 4 * KIB, 64 * KIB, 64 * KIB + 1, MIB, 16 * MIB};
    char *pageable = map_pages(16 * MIB, 0), *other = map_pages(4 * MIB, 0), name[64];
    void *allocated;
    CUdeviceptr device;

    bench_touch(pageable, 16 * MIB);
    hold_start();
    must(cu.mem_alloc(&device, 16 * MIB), "cuMemAlloc");
    for (int to_host = 0; to_host < 2; to_host++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct one_copy one = {to_host, pageable, device, sizes[i]};
            snprintf(name, sizeof name, "async_%s_pageable_%zu_bytes", to_host ? "d2h" : "h2d", sizes[i]);
            returns_early(name, hold_has_kernel(), call_copy, &one);
        }
    }
    for (int kernel = 0; kernel <= (hold_has_kernel()); kernel++) {
        returns_early("register_other_memory", kernel, call_register, other);
        returns_early("unregister_other_memory", kernel, call_unregister, other);
        must(cu.host_alloc(&allocated, MIB, 0), "cuMemHostAlloc");
        returns_early("free_other_pinned_memory", kernel, call_free_host, allocated);

        /* Memory that a copy behind the hold-up will read. */
        must(cu.host_register(other, 4 * MIB, CU_MEMHOSTREGISTER_PORTABLE), "cuMemHostRegister");
        hold(held, kernel);
        must(cu.h2d_async(device, other, 4 * MIB, held), "cuMemcpyHtoDAsync");
        struct pending *pending = start_call(call_unregister, other);
        double taken_s = wait_call(pending, LIMIT_S);
        let_go(held);
        CUresult result = finish_call(pending);
        fact(kernel ? "unregister_memory_in_flight_behind_a_kernel"
                    : "unregister_memory_in_flight_behind_a_host_function",
             taken_s < 0 ? "waits (then result %d)" : "returns early, result %d", result);
        cu.host_unregister(other);
    }
    cu.mem_free(device);
    munmap(pageable, 16 * MIB);
    munmap(other, 4 * MIB);
}

/* --- capture: what another thread may call while this one captures in the global mode */

static CUevent event;
static CUstream another;
static char *capture_memory;
static CUdeviceptr capture_device;

static CUresult try_event_query(void *unused)
{
    (void)unused;
    return cu.event_query(event);
}
static CUresult try_event_record(void *unused)
{
    (void)unused;
    return cu.event_record(event, another);
}
static CUresult try_stream_query(void *unused)
{
    (void)unused;
    return cu.stream_query(another);
}
static CUresult try_pointer_query(void *unused)
{
    int type;
    (void)unused;
    return cu.pointer_attribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (CUdeviceptr)(uintptr_t)capture_memory);
}
static CUresult try_copy(void *unused)
{
    (void)unused;
    return cu.h2d(capture_device, capture_memory, 4096);
}
static CUresult try_copy_async(void *unused)
{
    (void)unused;
    return cu.h2d_async(capture_device, capture_memory, 4096, another);
}
static CUresult try_register(void *unused)
{
    (void)unused;
    return cu.host_register(capture_memory, MIB, 0);
}
static CUresult try_unregister(void *unused)
{
    (void)unused;
    return cu.host_unregister(capture_memory);
}

static CUresult (*relaxed_call)(void *);

static CUresult try_relaxed(void *unused)
{
    CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
    must(cu.exchange_mode(&mode), "cuThreadExchangeStreamCaptureMode");
    CUresult result = relaxed_call(unused);
    must(cu.exchange_mode(&mode), "cuThreadExchangeStreamCaptureMode");
    return result;
}

/* In relaxed mode nothing of this may be refused, or spoil the capture: what staging and pins rely on. */
static void capture_one(const char *name, CUresult (*call)(void *), int relaxed)
{
    char full[96];
    CUgraph graph = NULL;
    relaxed_call = call;
    must(cu.begin_capture(held, 0), "cuStreamBeginCapture"); /* 0: the global mode */
    CUresult result = finish_call(start_call(relaxed ? try_relaxed : call, NULL));
    CUresult end = cu.end_capture(held, &graph);
    if (graph)
        cu.graph_destroy(graph);
    snprintf(full, sizeof full, "capture_%s%s", name, relaxed ? "_in_relaxed_mode" : "");
    fact(full, "result %d; the capture ends with %d", result, end);
    if (relaxed)
        assumed(full, result < CUDA_ERROR_NOT_PERMITTED && end == CUDA_SUCCESS, "result %d; the capture ends with %d",
                result, end);
}

void facts_capture(void)
{
    static const struct {
        const char *name;
        CUresult (*call)(void *);
    } tried[] = {{"event_query", try_event_query},
                 {"event_record", try_event_record},
                 {"stream_query", try_stream_query},
                 {"pointer_attribute", try_pointer_query},
                 {"copy", try_copy},
                 {"copy_async_other_stream", try_copy_async},
                 {"register", try_register},
                 {"unregister", try_unregister}};
    hold_start();
    must(cu.event_create(&event, CU_EVENT_DISABLE_TIMING), "cuEventCreate");
    must(cu.stream_create(&another, 1), "cuStreamCreate");
    must(cu.mem_alloc(&capture_device, MIB), "cuMemAlloc");
    capture_memory = map_pages(MIB, 0);
    must(cu.event_record(event, another), "cuEventRecord");
    must(cu.stream_sync(another), "cuStreamSynchronize");
    for (int relaxed = 0; relaxed < 2; relaxed++)
        for (size_t i = 0; i < sizeof tried / sizeof *tried; i++)
            capture_one(tried[i].name, tried[i].call, relaxed);
    cu.mem_free(capture_device);
    munmap(capture_memory, MIB);
}
