/* Rule 17: a table of calls, most of them wrong, has the same results, outputs and errno with autopin as without; and
 * what was right before is right afterwards. */
#define _GNU_SOURCE
#include <errno.h>

#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};
static char static_memory[BYTES];
static CUdeviceptr device;
static CUstream stream;

#define SAY(call)                                                                                                      \
    do {                                                                                                               \
        errno = 77;                                                                                                    \
        const CUresult result_ = call;                                                                                 \
        printf("%s %s: %d errno %d\n", when, #call, result_, errno);                                                   \
    } while (0)

static void copies(const char *when, char *host)
{
    CUstream wrong = (CUstream)0xdead0;
    const CUdeviceptr from = (CUdeviceptr)(uintptr_t)host, nowhere = (CUdeviceptr)(uintptr_t)static_memory;
    SAY(cu.cuMemcpyHtoD_v2(device, host, BYTES));
    SAY(cu.cuMemcpyHtoD_v2(0, host, BYTES));
    SAY(cu.cuMemcpyHtoD_v2(nowhere, host, BYTES));
    SAY(cu.cuMemcpyHtoD_v2(device, NULL, BYTES));
    SAY(cu.cuMemcpyHtoD_v2(device, host, 0));
    SAY(cu.cuMemcpyHtoD_v2(0, NULL, 0));
    SAY(cu.cuMemcpyHtoD_v2(device + 4096, host, BYTES));
    SAY(cu.cuMemcpyHtoD_v2(device, (void *)(uintptr_t)device, 4096));
    SAY(cu.cuMemcpyDtoH_v2(host, device, BYTES));
    SAY(cu.cuMemcpyDtoH_v2(host, 0, BYTES));
    SAY(cu.cuMemcpyDtoH_v2(host, nowhere, BYTES));
    SAY(cu.cuMemcpyDtoH_v2(NULL, device, BYTES));
    SAY(cu.cuMemcpyDtoH_v2(host, device, 0));
    SAY(cu.cuMemcpyDtoH_v2(host, device + BYTES - 1, 2));
    SAY(cu.cuMemcpy(device, from, BYTES));
    SAY(cu.cuMemcpy(from, device, BYTES));
    SAY(cu.cuMemcpy(from + BYTES / 2, from, BYTES / 4));
    SAY(cu.cuMemcpy(0, from, BYTES));
    SAY(cu.cuMemcpyAsync(from, device, BYTES, stream));
    SAY(cu.cuMemcpyAsync(device, from, BYTES, wrong));
    SAY(cu.cuMemcpyHtoDAsync_v2(device, host, BYTES, stream));
    SAY(cu.cuMemcpyHtoDAsync_v2(device, host, BYTES, wrong));
    SAY(cu.cuMemcpyHtoDAsync_v2(device, host, 1000, wrong));
    SAY(cu.cuMemcpyHtoDAsync_v2(0, host, 1000, stream));
    SAY(cu.cuMemcpyHtoDAsync_v2(nowhere, host, BYTES, stream));
    SAY(cu.cuMemcpyHtoDAsync_v2(device, host, 0, stream));
    SAY(cu.cuMemcpyHtoDAsync_v2(device, host, 0, wrong));
    SAY(cu.cuMemcpyDtoHAsync_v2(host, device, BYTES, wrong));
    SAY(cu.cuMemcpyDtoHAsync_v2(host, 0, BYTES, stream));
    SAY(cu.cuMemcpyDtoHAsync_v2(host, device, 0, stream));
    SAY(cu.cuMemcpyDtoHAsync_v2_ptsz(host, device, BYTES, wrong));
    SAY(cu.cuStreamSynchronize(stream));
}

static void shaped(const char *when, char *host)
{
    struct cu_memcpy2d flat = {.src_type = CU_MEMORYTYPE_HOST,
                               .src_host = host,
                               .src_pitch = 512,
                               .dst_type = CU_MEMORYTYPE_DEVICE,
                               .dst_device = device,
                               .dst_pitch = 512,
                               .width = 500,
                               .height = 100};
    struct cu_memcpy3d deep = {.src_type = CU_MEMORYTYPE_DEVICE,
                               .src_device = device,
                               .src_pitch = 512,
                               .src_height = 10,
                               .dst_type = CU_MEMORYTYPE_HOST,
                               .dst_host = host,
                               .dst_pitch = 512,
                               .dst_height = 10,
                               .width = 500,
                               .height = 10,
                               .depth = 5};
    SAY(cu.cuMemcpy2D_v2(&flat));
    SAY(cu.cuMemcpy2D_v2(NULL));
    SAY(cu.cuMemcpy2DAsync_v2(&flat, (CUstream)0xdead0));
    SAY(cu.cuMemcpy3D_v2(&deep));
    SAY(cu.cuMemcpy3DAsync_v2(&deep, stream));
    SAY(cu.cuMemcpy3DAsync_v2(NULL, stream));
    flat.src_pitch = 100;
    SAY(cu.cuMemcpy2D_v2(&flat));
    flat.src_pitch = 512;
    flat.height = 0;
    SAY(cu.cuMemcpy2D_v2(&flat));
    flat.height = 100000;
    flat.src_host = NULL;
    SAY(cu.cuMemcpy2D_v2(&flat));
    flat.src_type = 9;
    SAY(cu.cuMemcpy2D_v2(&flat));
    deep.dst_host = NULL;
    SAY(cu.cuMemcpy3D_v2(&deep));
    deep.dst_type = CU_MEMORYTYPE_UNIFIED;
    SAY(cu.cuMemcpy3D_v2(&deep));
}

static void memory(const char *when, char *host)
{
    unsigned flags = 99;
    CUdeviceptr out = 99;
    int type = 99;
    SAY(cu.cuMemHostUnregister(host));
    SAY(cu.cuMemHostUnregister(host + 4096));
    SAY(cu.cuMemHostUnregister(NULL));
    SAY(cu.cuMemHostRegister_v2(NULL, 4096, 0));
    SAY(cu.cuMemHostRegister_v2(host, 0, 0));
    SAY(cu.cuMemHostRegister_v2(host, 4096, 0x1000));
    SAY(cu.cuMemHostGetFlags(&flags, host));
    SAY(cu.cuMemHostGetFlags(NULL, host));
    SAY(cu.cuMemHostGetDevicePointer_v2(&out, host, 0));
    SAY(cu.cuMemHostGetDevicePointer_v2(&out, host, 1));
    SAY(cu.cuMemHostGetDevicePointer_v2(NULL, host, 0));
    SAY(cu.cuPointerGetAttribute(&type, 2, (CUdeviceptr)(uintptr_t)host));
    SAY(cu.cuPointerGetAttribute(NULL, 2, (CUdeviceptr)(uintptr_t)host));
    SAY(cu.cuPointerGetAttribute(&type, 999, (CUdeviceptr)(uintptr_t)host));
    SAY(cu.cuMemFreeHost(host));
    printf("%s outputs: %u %llu %d\n", when, flags, out, type);
}

static void everything(const char *when, char *host)
{
    copies(when, host);
    shaped(when, host);
    memory(when, host);
}

static int table(void)
{
    alarm(100);
    bind_driver();
    char *block = malloc(BYTES);
    fill(block, BYTES, 1);
    everything("before cuInit", block);
    SAME(cu.cuInit(0), 0);
    everything("no context", block);
    CUcontext context = new_context();
    device = device_memory(BYTES);
    stream = new_stream();
    for (int round = 0; round < 3; round++) {
        everything("block", block);
        everything("static", static_memory);
    }
    fill(block, BYTES, 4);
    OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
    DEVICE_HOLDS(device, BYTES, 4);
    fflush(stdout);
    fprintf(stderr, "%llu registrations\n", (unsigned long long)sim->register_calls);
    OK(cu.cuCtxDestroy_v2(context));
    everything("destroyed", block);
    context = new_context();
    device = device_memory(BYTES);
    stream = new_stream();
    everything("another context", block);
    return 0;
}

int main(int argc, char **argv)
{
    static char plain[1 << 18], pinned[1 << 18];
    (void)argv;
    if (argc > 1)
        return table();
    SAME(run_self(NULL, "table", NULL, plain, sizeof plain), 0);
    SAME(run_self(getenv("LIB"), "table", NULL, pinned, sizeof pinned), 0);
    CHECK(strlen(plain) > 10000);
    return !same_output(plain, pinned, "table");
}
