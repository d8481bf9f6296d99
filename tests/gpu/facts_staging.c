/* Facts that staged copies rely on: how pageable memory and device ranges are recognised, when copies return and in
 * which order they happen, events and streams of another context. */
#define _GNU_SOURCE
#include "tests/gpu/facts.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    SIZE = 4 * MIB
};

/* --- recognising memory */

static void ask_pageable(const char *name, const void *memory)
{
    int type = -1;
    char full[96];
    const CUresult result =
        cu.pointer_attribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (CUdeviceptr)(uintptr_t)memory);
    snprintf(full, sizeof full, "pageable_is_unknown_%s", name);
    assumed(full, result == CUDA_ERROR_INVALID_VALUE, "cuPointerGetAttribute: result %d type %d", result, type);
}

static void pageable_memory(void)
{
    static char in_program[8192];
    char on_stack[64] = "", *untouched = map_pages(SIZE, 0), *huge = map_pages(SIZE, MADV_HUGEPAGE);
    char *heap = malloc(SIZE), *used = map_pages(SIZE, 0);
    const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    char *file = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    CUdeviceptr device;

    bench_touch(heap, SIZE);
    bench_touch(huge, SIZE);
    bench_touch(used, SIZE);
    must(cu.mem_alloc(&device, SIZE), "cuMemAlloc");
    must(cu.h2d(device, used, SIZE), "cuMemcpyHtoD");
    ask_pageable("stack", on_stack);
    ask_pageable("static", in_program);
    ask_pageable("malloc", heap);
    ask_pageable("untouched", untouched);
    ask_pageable("huge_pages", huge);
    ask_pageable("file", file);
    ask_pageable("copied_before", used);
    cu.mem_free(device);
    munmap(file, 4096);
    close(fd);
    free(heap);
    munmap(untouched, SIZE);
    munmap(huge, SIZE);
    munmap(used, SIZE);
}

static void ask_range(const char *name, CUdeviceptr at, size_t bytes)
{
    CUdeviceptr base = 0;
    size_t size = 0;
    char full[96];
    const CUresult result = cu.address_range(&base, &size, at + bytes / 2);
    snprintf(full, sizeof full, "address_range_of_%s", name);
    assumed(full, result == CUDA_SUCCESS && base <= at && at - base + bytes <= size,
            "result %d; asked for +%zu of %zu bytes: base %lld from its start, %zu bytes", result, bytes / 2, bytes,
            (long long)(base - at), size);
}

/* Two allocations mapped side by side: a copy may cross the border, and no single range holds it. */
static void vmm_range(CUdevice device)
{
    const struct vmm_kind kind = {.type = 1, .location = {1, device}};
    const struct vmm_access access = {{1, device}, 3};
    unsigned long long handle[2];
    CUdeviceptr at = 0, base = 0;
    size_t step = 0, size = 0;
    CUresult result = cu.vmm_granularity(&step, &kind, 0);
    if (result == CUDA_SUCCESS)
        result = cu.vmm_reserve(&at, 2 * step, 0, 0, 0);
    for (int i = 0; i < 2 && result == CUDA_SUCCESS; i++) {
        result = cu.vmm_create(&handle[i], step, &kind, 0);
        if (result == CUDA_SUCCESS)
            result = cu.vmm_map(at + (size_t)i * step, step, 0, handle[i], 0);
    }
    if (result == CUDA_SUCCESS)
        result = cu.vmm_access(at, 2 * step, &access, 1);
    if (result != CUDA_SUCCESS) {
        fact("virtual_memory", "not to be had: error %d", result);
        return;
    }
    ask_range("mapped_memory", at, step);
    result = cu.address_range(&base, &size, at + step + 1);
    fact("address_range_of_second_mapping", "result %d; base %lld from its start, %zu bytes (one mapping: %zu)", result,
         (long long)(base - at - step), size, step);
    char *host = map_pages(2 * step, 0);
    fact("copy_across_two_mappings", "h2d %d d2h %d", cu.h2d(at, host, 2 * step), cu.d2h(host, at, 2 * step));
    munmap(host, 2 * step);
}

static void device_ranges(CUdevice device)
{
    CUdeviceptr at;
    must(cu.mem_alloc(&at, SIZE), "cuMemAlloc");
    ask_range("cuMemAlloc", at, SIZE);
    cu.mem_free(at);
    const CUresult result = cu.pool_alloc(&at, SIZE, NULL);
    if (result == CUDA_SUCCESS) {
        must(cu.stream_sync(NULL), "cuStreamSynchronize");
        ask_range("cuMemAllocAsync", at, SIZE);
        cu.pool_free(at, NULL);
        cu.stream_sync(NULL);
    } else {
        fact("memory_pools", "not to be had: error %d", result);
    }
    vmm_range(device);
}

/* --- when copies return */

struct one {
    CUdeviceptr device;
    char *host;
    size_t bytes;
    CUstream stream;
    int synchronous;
};

static CUresult call_h2d(void *argument)
{
    const struct one *c = argument;
    return c->synchronous ? cu.h2d(c->device, c->host, c->bytes)
                          : cu.h2d_async(c->device, c->host, c->bytes, c->stream);
}

static CUresult call_2d(void *argument)
{
    const struct one *c = argument;
    const struct cu_memcpy2d shape = {.src_type = CU_MEMORYTYPE_HOST,
                                      .src_host = c->host,
                                      .src_pitch = 512,
                                      .dst_type = CU_MEMORYTYPE_DEVICE,
                                      .dst_device = c->device,
                                      .dst_pitch = 512,
                                      .width = 256,
                                      .height = c->bytes / 256};
    return cu.copy_2d_async(&shape, c->stream);
}

static const char *when(double taken_s)
{
    return taken_s < 0 ? "it waits for the stream" : "it returns before the stream gets to it";
}

static void returning(CUdeviceptr device, char *host)
{
    const int kernel = hold_has_kernel();
    static const size_t flat[] = {4 * KIB, 64 * KIB, 64 * KIB + 1, SIZE};
    static const char *const names[] = {"4_KiB", "64_KiB", "64_KiB_and_1_byte", "4_MiB"};
    CUresult result;
    char full[96];
    for (size_t i = 0; i < sizeof flat / sizeof *flat; i++) {
        struct one one = {device, host, flat[i], held, 0};
        const double s = while_held(held, kernel, call_h2d, &one, &result);
        snprintf(full, sizeof full, "async_h2d_of_pageable_%s", names[i]);
        assumed(full, (s >= 0) == (flat[i] <= 64 * KIB), "%s, result %d", when(s), result);
    }
    struct one small = {device, host, 16 * KIB, held, 0}, large = {device, host, MIB, held, 0};
    double s = while_held(held, kernel, call_2d, &small, &result);
    assumed("async_2d_of_pageable_16_KiB", s >= 0, "%s, result %d", when(s), result);
    s = while_held(held, kernel, call_2d, &large, &result);
    fact("async_2d_of_pageable_1_MiB", "%s, result %d", when(s), result);
}

/* Chunks of a synchronous copy are sent as asynchronous ones on the legacy stream: they must come behind whatever a
 * synchronous copy comes behind, and before whatever comes after it. */
static void ordering(CUdeviceptr device, char *host)
{
    CUstream blocking;
    void *pinned;
    CUresult result;
    must(cu.stream_create(&blocking, 0), "cuStreamCreate");
    must(cu.host_alloc(&pinned, SIZE, 0), "cuMemHostAlloc");
    struct one sync = {device, host, SIZE, NULL, 1}, async = {device, host, SIZE, NULL, 0};
    const int kernel = hold_has_kernel();
    const double behind_sync = while_held(blocking, kernel, call_h2d, &sync, &result);
    const double behind_async = while_held(blocking, kernel, call_h2d, &async, &result);
    assumed("legacy_async_waits_for_what_sync_waits_for", (behind_sync < 0) == (behind_async < 0),
            "while a blocking stream is held up: synchronous: %s; asynchronous on the legacy stream: %s",
            when(behind_sync), when(behind_async));
    hold(blocking, kernel);
    const CUresult issued = cu.h2d_async(device, pinned, SIZE, NULL);
    const CUresult early = cu.stream_query(NULL);
    let_go(blocking);
    must(cu.stream_sync(NULL), "cuStreamSynchronize");
    assumed("legacy_async_pinned_is_behind_blocking_streams", issued == CUDA_SUCCESS && early == CUDA_ERROR_NOT_READY,
            "issued %d, while held %d", issued, early);

    /* The bytes of a late asynchronous copy are there for the synchronous one that follows. */
    int wrong = 0;
    for (int round = 0; round < 8; round++) {
        memset(pinned, 2 * round + 1, SIZE);
        must(cu.h2d_async(device, pinned, SIZE, NULL), "cuMemcpyHtoDAsync");
        must(cu.d2h(host, device, SIZE), "cuMemcpyDtoH");
        wrong += host[0] != 2 * round + 1 || host[SIZE - 1] != 2 * round + 1;
    }
    assumed("sync_sees_legacy_async_before_it", wrong == 0, "%d of 8 wrong", wrong);
    cu.host_free(pinned);
}

/* --- another context */

static CUresult call_unregister(void *memory)
{
    return cu.host_unregister(memory);
}

static void other_context(CUdevice device, char *host)
{
    CUcontext mine, other;
    CUstream there;
    CUevent event;
    CUresult result;
    must(cu.primary_retain(&mine, device), "cuDevicePrimaryCtxRetain");
    must(cu.ctx_create(&other, 0, device), "cuCtxCreate");
    must(cu.stream_create(&there, 1), "cuStreamCreate");
    must(cu.event_create(&event, CU_EVENT_DISABLE_TIMING), "cuEventCreate");
    hold(there, 0);
    must(cu.event_record(event, there), "cuEventRecord");
    must(cu.ctx_set(mine), "cuCtxSetCurrent");
    const CUresult query = cu.event_query(event);
    must(cu.ctx_set(other), "cuCtxSetCurrent");
    let_go(there);
    must(cu.ctx_set(mine), "cuCtxSetCurrent");
    const CUresult wait = cu.event_sync(event);
    assumed("event_of_another_context", query == CUDA_ERROR_NOT_READY && wait == CUDA_SUCCESS,
            "query %d, synchronize %d", query, wait);

    /* The call is made in the main context: start_call() sees to that. */
    must(cu.host_register(host, SIZE, CU_MEMHOSTREGISTER_PORTABLE), "cuMemHostRegister");
    must(cu.ctx_set(other), "cuCtxSetCurrent");
    const double s = while_held(there, 0, call_unregister, host, &result);
    fact("unregister_while_a_stream_of_another_context_is_busy", "%s, result %d", when(s), result);
    must(cu.ctx_set(mine), "cuCtxSetCurrent");
    must(cu.host_register(host, SIZE, CU_MEMHOSTREGISTER_PORTABLE), "cuMemHostRegister");
    const double here = while_held(held, 0, call_unregister, host, &result);
    assumed("unregister_waits_for_a_busy_stream_of_its_context", here < 0, "%s, result %d", when(here), result);
    cu.ctx_destroy(other);
    must(cu.ctx_set(mine), "cuCtxSetCurrent");
}

void facts_staging(CUdevice device)
{
    CUdeviceptr memory;
    char *host = map_pages(SIZE, 0);
    bench_touch(host, SIZE);
    hold_start();
    pageable_memory();
    device_ranges(device);
    must(cu.mem_alloc(&memory, SIZE), "cuMemAlloc");
    returning(memory, host);
    ordering(memory, host);
    other_context(device, host);
    cu.mem_free(memory);
    munmap(host, SIZE);
}
