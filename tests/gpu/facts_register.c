/* Facts about registering host memory: what is refused, what copies across a border do, what a context's end takes. */
#define _GNU_SOURCE
#include "tests/gpu/facts.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    SIZE = 8 * MIB
};

void facts_registration(void)
{
    char *memory = map_pages(SIZE, 0), *block = NULL;
    must(cu.host_register(memory + MIB, 2 * MIB, 0), "cuMemHostRegister");
    fact("register_same_again", "error %d", cu.host_register(memory + MIB, 2 * MIB, 0));
    fact("register_inside_registered", "error %d", cu.host_register(memory + MIB + 8192, 4096, 0));
    fact("register_around_registered", "error %d", cu.host_register(memory, 4 * MIB, 0));
    fact("register_overlapping_end", "error %d", cu.host_register(memory + 2 * MIB, 2 * MIB, 0));
    fact("register_adjacent", "error %d", cu.host_register(memory + 3 * MIB, MIB, 0));
    fact("unregister_adjacent", "error %d", cu.host_unregister(memory + 3 * MIB));
    fact("unregister_inside", "error %d", cu.host_unregister(memory + MIB + 4096));
    fact("unregister_by_base", "error %d", cu.host_unregister(memory + MIB));
    fact("unregister_again", "error %d", cu.host_unregister(memory + MIB));
    fact("unregister_never_registered", "error %d", cu.host_unregister(memory + 6 * MIB));
    fact("unregister_null", "error %d", cu.host_unregister(NULL));
    fact("register_no_bytes", "error %d", cu.host_register(memory, 0, 0));

    /* Ranges that are not whole pages, and two that share one. */
    fact("register_unaligned", "error %d", cu.host_register(memory + 100, 10000, 0));
    fact("register_sharing_a_page", "error %d", cu.host_register(memory + 100 + 10000, 10000, 0));
    fact("unregister_sharing_a_page", "error %d", cu.host_unregister(memory + 100 + 10000));
    fact("unregister_unaligned_by_page", "error %d", cu.host_unregister(memory));
    fact("unregister_unaligned", "error %d", cu.host_unregister(memory + 100));

    /* Memory that cannot be written, is not there, or is a file's. */
    mprotect(memory, MIB, PROT_READ);
    fact("register_read_only_memory", "error %d", cu.host_register(memory, MIB, 0));
    cu.host_unregister(memory);
    fact("register_read_only_memory_with_flag_8", "error %d", cu.host_register(memory, MIB, 8));
    cu.host_unregister(memory);
    mprotect(memory, MIB, PROT_NONE);
    fact("register_inaccessible_memory", "error %d", cu.host_register(memory, MIB, 0));
    cu.host_unregister(memory);
    munmap(memory, SIZE);
    fact("register_unmapped_memory", "error %d", cu.host_register(memory, MIB, 0));
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    block = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    fact("register_file_mapping", "error %d", cu.host_register(block, 4096, 0));
    cu.host_unregister(block);
    munmap(block, 4096);
    close(file);

    /* Registered memory that goes away first: what the program sees afterwards at the same address. */
    memory = map_pages(SIZE, 0);
    must(cu.host_register(memory, MIB, 0), "cuMemHostRegister");
    munmap(memory, MIB);
    fact("unregister_after_munmap", "error %d", cu.host_unregister(memory));
    munmap(memory, SIZE);
}

struct ends {
    const char *name;
    size_t from, bytes;
};

/* Registered are the second MiB and, apart from it, the third; all else is pageable. */
void facts_straddling(void)
{
    static const struct ends ranges[] = {{"pageable_into_registered", MIB / 2, MIB},
                                         {"registered_into_pageable", 2 * MIB + MIB / 2, MIB},
                                         {"around_both", MIB / 2, 3 * MIB},
                                         {"across_two_registrations", MIB + MIB / 2, MIB},
                                         {"small_pageable_into_registered", MIB - 16, 32},
                                         {"inside_one", MIB + 4096, MIB / 2},
                                         {"small_across_two_registrations", 2 * MIB - 8, 16}};
    char *memory = map_pages(SIZE, 0), name[96];
    CUdeviceptr device, host;
    CUstream stream;

    bench_touch(memory, SIZE);
    must(cu.mem_alloc(&device, SIZE), "cuMemAlloc");
    must(cu.stream_create(&stream, 1), "cuStreamCreate");
    must(cu.host_register(memory + MIB, MIB, 0), "cuMemHostRegister");
    must(cu.host_register(memory + 2 * MIB, MIB, 0), "cuMemHostRegister");
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        char *at = memory + ranges[i].from;
        size_t bytes = ranges[i].bytes;
        host = (CUdeviceptr)(uintptr_t)at;
        snprintf(name, sizeof name, "straddle_%s", ranges[i].name);
        CUresult sync_in = cu.h2d(device, at, bytes), sync_out = cu.d2h(at, device, bytes);
        CUresult async_in = cu.h2d_async(device, at, bytes, stream);
        CUresult async_out = cu.d2h_async(at, device, bytes, stream);
        CUresult unified = cu.copy(device, host, bytes), end = cu.stream_sync(stream);
        fact(name, "h2d %d d2h %d h2d_async %d d2h_async %d unified %d stream %d", sync_in, sync_out, async_in,
             async_out, unified, end);
    }
    cu.host_unregister(memory + MIB);
    cu.host_unregister(memory + 2 * MIB);
    cu.mem_free(device);
    munmap(memory, SIZE);
}

/* What becomes of a registration when the context it was made in ends. */
void facts_contexts(CUdevice device)
{
    static const struct {
        const char *name;
        unsigned flags;
    } kinds[] = {{"plain", 0}, {"portable", CU_MEMHOSTREGISTER_PORTABLE}};
    char *memory = map_pages(SIZE, 0), name[96];
    CUcontext primary, other;

    must(cu.primary_retain(&primary, device), "cuDevicePrimaryCtxRetain");
    for (int i = 0; i < 2; i++) {
        must(cu.ctx_create(&other, 0, device), "cuCtxCreate");
        CUresult made = cu.host_register(memory, MIB, kinds[i].flags);
        must(cu.ctx_destroy(other), "cuCtxDestroy");
        must(cu.ctx_set(primary), "cuCtxSetCurrent");
        CUresult again = cu.host_register(memory, MIB, kinds[i].flags);
        CUresult ended = cu.host_unregister(memory);
        snprintf(name, sizeof name, "context_destroyed_%s_registration", kinds[i].name);
        fact(name, "register %d; after the context's end: register %d unregister %d", made, again, ended);
        cu.host_unregister(memory);

        made = cu.host_register(memory, MIB, kinds[i].flags);
        must(cu.primary_reset(device), "cuDevicePrimaryCtxReset");
        must(cu.primary_retain(&primary, device), "cuDevicePrimaryCtxRetain");
        must(cu.ctx_set(primary), "cuCtxSetCurrent");
        again = cu.host_register(memory, MIB, kinds[i].flags);
        ended = cu.host_unregister(memory);
        snprintf(name, sizeof name, "primary_reset_%s_registration", kinds[i].name);
        fact(name, "register %d; after the reset: register %d unregister %d", made, again, ended);
        cu.host_unregister(memory);
    }
    munmap(memory, SIZE);
}
