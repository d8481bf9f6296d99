/* Cases: lookup of names, memory, registration, what pointers are, copies of every shape.  Owns nothing. */
#define _GNU_SOURCE
#include "selftest.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Replays what the runtime asks for; what the 535 driver exports must be answered with exactly that export. */
static void replay_line(char *line, int *checked)
{
    char *cut = strchr(line, ' ');
    *cut = 0;
    int version, flags, status = -1;
    char want[128];
    SAME(sscanf(cut + 1, "%d %d %127s", &version, &flags, want), 3);
    void *found = (void *)1, *expected = dlsym(driver_handle, want);
    CUresult rc = cu.cuGetProcAddress_v2(line, &found, version, (cuuint64_t)flags, NULL);
    if (strcmp(want, "NOTFOUND") == 0) {
        SAME(rc, CUDA_ERROR_NOT_FOUND);
        CHECK(found == (void *)1);
        return;
    }
    if (!expected)
        return;
    ++*checked;
    if (rc != CUDA_SUCCESS || found != expected)
        fprintf(stderr, "%s %d %d: rc %d\n", line, version, flags, rc);
    OK(rc);
    CHECK(found == expected);
    OK(cu.cuGetProcAddress_v2(line, &found, version, (cuuint64_t)flags, &status));
    SAME(status, 0);
    OK(cu.cuGetProcAddress(line, &found, version, (cuuint64_t)flags));
    CHECK(found == expected);
}

static void names(void)
{
    char path[4096], line[256];
    int checked = 0, status = -1;
    void *found = NULL;
    snprintf(path, sizeof path, "%s/cudart13_requests.txt", data_folder);
    FILE *f = fopen(path, "r");
    CHECK(f != NULL);
    while (f && fgets(line, sizeof line, f))
        replay_line(line, &checked);
    if (f)
        fclose(f);
    CHECK(checked > 350);
    SAME(cu.cuGetProcAddress_v2("cuMemAlloc", &found, 1000, 0, &status), CUDA_ERROR_NOT_FOUND);
    SAME(status, 2);
    SAME(cu.cuGetProcAddress_v2("cuNoSuchThing", &found, 12000, 0, &status), CUDA_ERROR_NOT_FOUND);
    SAME(status, 1);
    OK(cu.cuGetProcAddress_v2("cuDevicePrimaryCtxRelease", &found, 12000, 0, NULL));
    CHECK(found == dlsym(driver_handle, "cuDevicePrimaryCtxRelease_v2"));
    OK(cu.cuGetProcAddress_v2("cuMemHostRegister", &found, 5000, 0, NULL));
    CHECK(found == dlsym(driver_handle, "cuMemHostRegister"));
    CHECK(cu.cuGetExportTable((const void **)&found, "0123456789abcdef") != CUDA_SUCCESS);
    OK(cu.cuInit(0));
    SAME(cu.cuLaunchKernel(), CUDA_ERROR_NOT_SUPPORTED);
}

static void memory(void)
{
    size_t free_before, free_after, total, bytes;
    CUdeviceptr base, d;
    SAME(cu.cuMemAlloc_v2(&d, 1), 3);
    OK(cu.cuInit(0));
    SAME(cu.cuMemAlloc_v2(&d, 1), CUDA_ERROR_INVALID_CONTEXT);
    begin();
    OK(cu.cuMemGetInfo_v2(&free_before, &total));
    d = device(10000);
    OK(cu.cuMemGetInfo_v2(&free_after, &total));
    SAME(free_before - free_after, 12288);
    OK(cu.cuMemGetAddressRange_v2(&base, &bytes, d + 77));
    SAME(base, d);
    SAME(bytes, 10000);
    SAME(cu.cuMemAlloc_v2(&base, (size_t)1 << 40), CUDA_ERROR_OUT_OF_MEMORY);
    SAME(cu.cuMemAlloc_v2(&base, 0), CUDA_ERROR_INVALID_VALUE);
    SAME(cu.cuMemFree_v2(d + 1), CUDA_ERROR_INVALID_VALUE);
    OK(cu.cuMemFree_v2(d));
    SAME(cu.cuMemFree_v2(d), CUDA_ERROR_INVALID_VALUE);
    SAME(state->device_bytes, 0);
}

static void registration(void)
{
    unsigned flags = 0;
    CUdeviceptr d;
    unsigned char *p = pages(64 * KIB, 1);
    OK(cu.cuInit(0));
    SAME(cu.cuMemHostRegister_v2(p, 4096, 0), CUDA_ERROR_INVALID_CONTEXT);
    begin();
    SAME(cu.cuMemHostGetFlags(&flags, p), CUDA_ERROR_INVALID_VALUE);
    SAME(cu.cuMemHostGetDevicePointer_v2(&d, p, 0), CUDA_ERROR_INVALID_VALUE);
    SAME(cu.cuMemHostRegister_v2(NULL, 4096, 0), CUDA_ERROR_INVALID_VALUE);
    SAME(cu.cuMemHostRegister_v2(p, 0, 0), CUDA_ERROR_INVALID_VALUE);
    SAME(cu.cuMemHostRegister_v2(p, 4096, 0x100), CUDA_ERROR_INVALID_VALUE);
    OK(cu.cuMemHostRegister_v2(p + 100, 8192, 1));
    SAME(state->registered_bytes, 12288); /* touches three pages */
    SAME(state->registered_regions, 1);
    SAME(cu.cuMemHostRegister_v2(p + 8000, 4096, 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
    SAME(cu.cuMemHostRegister_v2(p, 64 * KIB, 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
    SAME(cu.cuMemHostUnregister(p + 200), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    OK(cu.cuMemHostGetFlags(&flags, p + 100));
    SAME(flags & 1, 1);
    OK(cu.cuMemHostGetDevicePointer_v2(&d, p + 300, 0));
    SAME(d, (uintptr_t)p + 300);
    OK(cu.cuMemHostUnregister(p + 100));
    SAME(cu.cuMemHostUnregister(p + 100), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    SAME(state->registered_bytes, 0);
    SAME(state->registered_regions, 0);
    SAME(state->registered_bytes_peak, 12288);
    SAME(state->regions_peak, 1);
    SAME(state->register_calls, 6); /* every call that passed the gate */
    SAME(state->violations, 0);
}

static void read_only_memory(void)
{
    begin();
    unsigned char *p = pages(8192, 1);
    SAME(mprotect(p, 8192, PROT_READ), 0);
    SAME(cu.cuMemHostRegister_v2(p, 8192, 0), CUDA_ERROR_INVALID_VALUE);
    OK(cu.cuMemHostRegister_v2(p, 8192, 8));
    OK(cu.cuMemHostUnregister(p));
    SAME(mprotect(p, 8192, PROT_NONE), 0);
    SAME(cu.cuMemHostRegister_v2(p, 8192, 8), CUDA_ERROR_INVALID_VALUE);
}

static void pointers(void)
{
    int attributes[2] = {2, 9}, type = 7, ordinal = 7;
    void *out[2] = {&type, &ordinal};
    begin();
    unsigned char *p = pages(8192, 1);
    CUdeviceptr d = device(4096);
    SAME(cu.cuPointerGetAttribute(&type, 2, (uintptr_t)p), CUDA_ERROR_INVALID_VALUE);
    OK(cu.cuPointerGetAttributes(2, attributes, out, (uintptr_t)p));
    SAME(type, 0);
    SAME(ordinal, -2);
    OK(cu.cuPointerGetAttribute(&type, 2, d + 5));
    SAME(type, CU_MEMORYTYPE_DEVICE);
    OK(cu.cuMemHostRegister_v2(p, 8192, 0));
    OK(cu.cuPointerGetAttributes(2, attributes, out, (uintptr_t)p + 1));
    SAME(type, CU_MEMORYTYPE_HOST);
    SAME(ordinal, 0);
    OK(cu.cuMemHostUnregister(p));
    SAME(cu.cuPointerGetAttribute(&type, 2, (uintptr_t)p), CUDA_ERROR_INVALID_VALUE);
}

static void copies_and_straddles(void)
{
    begin();
    unsigned char *p = pages(64 * KIB, 3), *q = pages(64 * KIB, 0);
    CUdeviceptr d = device(64 * KIB);
    OK(cu.cuMemcpyHtoD_v2(d, p, 64 * KIB));
    OK(cu.cuMemcpyDtoH_v2(q, d, 64 * KIB));
    CHECK(filled(q, 64 * KIB, 3));
    OK(cu.cuMemcpy((uintptr_t)q, (uintptr_t)p, 10));
    OK(cu.cuMemcpyHtoD_v2(d, p, 0));
    SAME(cu.cuMemcpyHtoD_v2(d + 1, p, 64 * KIB), CUDA_ERROR_INVALID_VALUE);
    SAME(cu.cuMemcpyHtoD_v2((uintptr_t)q, p, 16), CUDA_ERROR_INVALID_VALUE);
    SAME(cu.cuMemcpyDtoH_v2(q, (uintptr_t)p, 16), CUDA_ERROR_INVALID_VALUE);
    SAME(cu.cuMemcpyHtoDAsync_v2(d, p, 16, (CUstream)p), CUDA_ERROR_INVALID_HANDLE);
    OK(cu.cuMemHostRegister_v2(p + 8192, 8192, 0));
    OK(cu.cuMemHostRegister_v2(p + 16384, 8192, 0));
    SAME(state->straddles, 0);
    SAME(cu.cuMemcpyHtoD_v2(d, p, 64 * KIB), CUDA_ERROR_INVALID_VALUE);     /* out, in, out */
    SAME(cu.cuMemcpyHtoD_v2(d, p + 8192, 16384), CUDA_ERROR_INVALID_VALUE); /* two registrations */
    SAME(cu.cuMemcpyHtoD_v2(d, p + 8191, 2), CUDA_ERROR_INVALID_VALUE);     /* before and in */
    SAME(cu.cuMemcpyDtoH_v2(p + 24575, d, 2), CUDA_ERROR_INVALID_VALUE);    /* in and after */
    SAME(state->straddles, 4);
    OK(cu.cuMemcpyHtoD_v2(d, p, 8192));
    OK(cu.cuMemcpyHtoD_v2(d, p + 8192, 8192));
    OK(cu.cuMemcpyHtoD_v2(d, p + 24576, 8192));
    SAME(state->copies[SIM_H2D][1][0], 1);
    SAME(state->bytes[SIM_H2D][1][0], 8192);
    SAME(state->copies[SIM_H2D][0][0], 3);
    SAME(state->straddles, 4);
}

static void planes(void)
{
    size_t pitch;
    CUdeviceptr d;
    begin();
    unsigned char *p = pages(16 * KIB, 5), *q = pages(16 * KIB, 0);
    OK(cu.cuMemAllocPitch_v2(&d, &pitch, 100, 10, 4));
    struct cu_memcpy2d up = {.src_type = CU_MEMORYTYPE_HOST,
                             .src_host = p,
                             .src_pitch = 200,
                             .src_x = 3,
                             .src_y = 1,
                             .dst_type = CU_MEMORYTYPE_DEVICE,
                             .dst_device = d,
                             .dst_pitch = pitch,
                             .width = 50,
                             .height = 8};
    OK(cu.cuMemcpy2D_v2(&up));
    struct cu_memcpy3d down = {.src_type = CU_MEMORYTYPE_DEVICE,
                               .src_device = d,
                               .src_pitch = pitch,
                               .src_height = 4,
                               .dst_type = CU_MEMORYTYPE_HOST,
                               .dst_host = q,
                               .dst_pitch = 64,
                               .dst_height = 4,
                               .dst_x = 1,
                               .width = 50,
                               .height = 4,
                               .depth = 2};
    OK(cu.cuMemcpy3D_v2(&down));
    for (int row = 0; row < 8; row++) {
        SAME(q[row * 64], 0);
        CHECK(filled(q + row * 64 + 1, 50, 5));
        SAME(q[row * 64 + 51], 0);
    }
    up.src_pitch = 20;
    SAME(cu.cuMemcpy2D_v2(&up), CUDA_ERROR_INVALID_VALUE);
    up.src_pitch = 1000; /* now its full extent leaves the registration of its first page */
    OK(cu.cuMemHostRegister_v2(p, 4096, 0));
    SAME(cu.cuMemcpy2D_v2(&up), CUDA_ERROR_INVALID_VALUE);
    SAME(state->straddles, 1);
    OK(cu.cuMemHostUnregister(p));
    OK(cu.cuMemcpy2DAsync_v2(&up, NULL));
}

static void arrays_and_fills(void)
{
    struct {
        size_t width, height;
        int format;
        unsigned channels;
    } shape = {64, 4, 0x20, 1};
    CUarray a;
    begin();
    unsigned char *p = pages(4096, 9), *q = pages(4096, 0);
    OK(cu.cuArrayCreate_v2(&a, &shape));
    OK(cu.cuMemcpyHtoA_v2(a, 16, p, 100));
    OK(cu.cuMemcpyAtoH_v2(q, a, 16, 100));
    CHECK(filled(q, 100, 9) && q[100] == 0);
    SAME(cu.cuMemcpyHtoA_v2(a, 1000, p, 100), CUDA_ERROR_INVALID_VALUE);
    OK(cu.cuArrayDestroy(a));
    SAME(cu.cuArrayDestroy(a), CUDA_ERROR_INVALID_HANDLE);
    CUdeviceptr d = device(4096);
    OK(cu.cuMemsetD8_v2(d, 7, 4096));
    OK(cu.cuMemsetD32Async(d + 4, 0x08080808, 2, NULL));
    OK(cu.cuMemcpyDtoH_v2(q, d, 4096));
    CHECK(filled(q, 4, 7) && filled(q + 4, 8, 8) && filled(q + 12, 4084, 7));
    SAME(cu.cuMemsetD8_v2(d, 7, 4097), CUDA_ERROR_INVALID_VALUE);
    SAME(cu.cuMemsetD32Async(d + 1, 7, 1, NULL), CUDA_ERROR_INVALID_VALUE);
}

const struct test_case memory_cases[] = {
    {"names", names, {0}, 0},
    {"memory", memory, {0}, 0},
    {"registration", registration, {0}, 0},
    {"read_only_memory", read_only_memory, {0}, 0},
    {"pointers", pointers, {0}, 0},
    {"copies_and_straddles", copies_and_straddles, {0}, 0},
    {"planes", planes, {0}, 0},
    {"arrays_and_fills", arrays_and_fills, {0}, 0},
    {0},
};
