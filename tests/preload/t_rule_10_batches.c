/* Rule 10 for batches of copies, of both ABIs (12.8 and 13.0), on a driver that has them: what a batch takes from a
 * pinned block has been read, and what it brings has arrived, when it returns; and one that fails says which copy (rule
 * 17). */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    PARTS = 4,
    PART = 200000
};
static const size_t NONE = (size_t)-1;
static CUstream stream;
static CUdeviceptr device;
static char *block;

typedef CUresult (*batch_old_fn)(CUdeviceptr *, CUdeviceptr *, size_t *, size_t, void *, size_t *, size_t, size_t *,
                                 CUstream);
typedef CUresult (*batch_fn)(CUdeviceptr *, CUdeviceptr *, size_t *, size_t, void *, size_t *, size_t, CUstream);
typedef CUresult (*batch_3d_old_fn)(size_t, struct cu_batch_op3d *, size_t *, unsigned long long, CUstream);
typedef CUresult (*batch_3d_fn)(size_t, struct cu_batch_op3d *, unsigned long long, CUstream);

static CUresult linear(const char *name, int old, int out, CUstream on)
{
    static long long attributes[4];
    static size_t index[1];
    CUdeviceptr to[PARTS], from[PARTS];
    size_t sizes[PARTS], failed = 77;
    void *function = dlsym(driver_handle, name);
    CHECK(function);
    for (size_t i = 0; i < PARTS; i++) {
        const CUdeviceptr host = (CUdeviceptr)(uintptr_t)(block + i * PART);
        to[i] = out ? host : device + i * PART;
        from[i] = out ? device + i * PART : host;
        sizes[i] = PART;
    }
    if (!old)
        return ((batch_fn)function)(to, from, sizes, PARTS, attributes, index, 1, on);
    const CUresult result = ((batch_old_fn)function)(to, from, sizes, PARTS, attributes, index, 1, &failed, on);
    CHECK(result != CUDA_SUCCESS || failed == NONE);
    return result;
}

static CUresult boxes(const char *name, int old, int out, CUstream on)
{
    struct cu_batch_op3d ops[PARTS] = {0};
    size_t failed = 77;
    void *function = dlsym(driver_handle, name);
    CHECK(function);
    for (size_t i = 0; i < PARTS; i++) {
        struct cu_operand3d host = {.type = CU_MEMCPY_OPERAND_TYPE_POINTER}, there = host;
        host.op.ptr.ptr = (CUdeviceptr)(uintptr_t)(block + i * PART);
        there.op.ptr.ptr = device + i * PART;
        ops[i] = (struct cu_batch_op3d){.src = out ? there : host, .dst = out ? host : there, .width = PART / 100};
        ops[i].height = 50;
        ops[i].depth = 2;
    }
    if (!old)
        return ((batch_3d_fn)function)(PARTS, ops, 0, on);
    const CUresult result = ((batch_3d_old_fn)function)(PARTS, ops, &failed, 0, on);
    CHECK(result != CUDA_SUCCESS || failed == NONE);
    return result;
}

static void check(CUresult (*batch)(const char *, int, int, CUstream), const char *name, int old, int out, int seed)
{
    struct gate gate = {0};
    char *from = out ? (char *)(uintptr_t)device : block, *to = out ? block : (char *)(uintptr_t)device;
    const int own = strstr(name, "_ptsz") != NULL;
    memset(to, 0, PARTS * PART);
    fill(from, PARTS * PART, seed);
    if (own)
        OK(cu.cuLaunchHostFunc_ptsz(NULL, wait_for_gate, &gate));
    else
        block_stream(stream, &gate);
    const pthread_t opener = open_soon(&gate);
    OK(batch(name, old, out, own ? NULL : stream));
    if (!out)
        memset(block, 0, PARTS * PART);
    else
        HOLDS(block, PARTS * PART, seed);
    OK(cu.cuStreamSynchronize(own ? CU_STREAM_PER_THREAD : stream));
    HOLDS(to, PARTS * PART, seed);
    pthread_join(opener, NULL);
}

static void check_both_ways(int seed)
{
    for (int out = 0; out < 2; out++) {
        check(linear, "cuMemcpyBatchAsync", 1, out, seed + 1);
        check(linear, "cuMemcpyBatchAsync_ptsz", 1, out, seed + 2);
        check(linear, "cuMemcpyBatchAsync_v2", 0, out, seed + 3);
        check(linear, "cuMemcpyBatchAsync_v2_ptsz", 0, out, seed + 4);
        check(boxes, "cuMemcpy3DBatchAsync", 1, out, seed + 5);
        check(boxes, "cuMemcpy3DBatchAsync_ptsz", 1, out, seed + 6);
        check(boxes, "cuMemcpy3DBatchAsync_v2", 0, out, seed + 7);
        check(boxes, "cuMemcpy3DBatchAsync_v2_ptsz", 0, out, seed + 8);
    }
}

static void check_errors(void)
{
    CUdeviceptr to[2] = {device, 0}, from[2] = {(CUdeviceptr)(uintptr_t)block, (CUdeviceptr)(uintptr_t)block};
    size_t sizes[2] = {PART, PART}, failed = 77;
    const batch_old_fn batch = (batch_old_fn)dlsym(driver_handle, "cuMemcpyBatchAsync");
    SAME(batch(to, from, sizes, 2, NULL, NULL, 0, &failed, stream), CUDA_ERROR_INVALID_VALUE);
    SAME(failed, 1);
    SAME(batch(to, from, sizes, 1, NULL, NULL, 0, &failed, NULL), CUDA_ERROR_INVALID_VALUE); /* the legacy stream */
    SAME(batch(NULL, from, sizes, 1, NULL, NULL, 0, &failed, stream), CUDA_ERROR_INVALID_VALUE);
    OK(cu.cuStreamSynchronize(stream));
}

int main(void)
{
    begin_client(100);
    stream = new_stream();
    device = device_memory(PARTS * PART);
    block = promoted_block(PARTS * PART, 1);
    SAME(sim->registered_regions, 1);
    check_both_ways(1000);
    check_errors();
    check_both_ways(2000);
    SAME(sim->registered_regions, 1);
    return 0;
}
