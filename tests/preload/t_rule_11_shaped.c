/* Rule 11 for 2D, 3D and array copies: an asynchronous one of at most 64 KiB from a pinned block to the device returns
 * without waiting for its stream, and its source may be overwritten at once.  Larger ones wait, as ever. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    PITCH = 5000
};
static CUstream stream;
static CUdeviceptr device;
static char *block;
static CUarray array;

struct shape {
    size_t width, height, depth, x, y, z, rows;
};

static char *row_at(const struct shape *s, size_t slice, size_t row)
{
    return block + ((s->z + slice) * s->rows + s->y + row) * PITCH + s->x;
}

static CUresult copy_2d(const struct shape *s)
{
    const struct cu_memcpy2d c = {.src_type = CU_MEMORYTYPE_HOST,
                                  .src_host = block,
                                  .src_x = s->x,
                                  .src_y = s->y,
                                  .src_pitch = PITCH,
                                  .dst_type = CU_MEMORYTYPE_DEVICE,
                                  .dst_device = device,
                                  .dst_pitch = s->width,
                                  .width = s->width,
                                  .height = s->height};
    return cu.cuMemcpy2DAsync_v2(&c, stream);
}

static CUresult copy_3d(const struct shape *s)
{
    const struct cu_memcpy3d c = {.src_type = CU_MEMORYTYPE_UNIFIED,
                                  .src_device = (CUdeviceptr)(uintptr_t)block,
                                  .src_x = s->x,
                                  .src_y = s->y,
                                  .src_z = s->z,
                                  .src_pitch = PITCH,
                                  .src_height = s->rows,
                                  .dst_type = CU_MEMORYTYPE_DEVICE,
                                  .dst_device = device,
                                  .dst_pitch = s->width,
                                  .dst_height = s->height,
                                  .width = s->width,
                                  .height = s->height,
                                  .depth = s->depth};
    return cu.cuMemcpy3DAsync_v2(&c, stream);
}

static CUresult copy_array(const struct shape *s)
{
    typedef CUresult (*fn)(CUarray, size_t, const void *, size_t, CUstream);
    const struct cu_memcpy2d back = {.src_type = CU_MEMORYTYPE_ARRAY,
                                     .src_array = array,
                                     .dst_type = CU_MEMORYTYPE_DEVICE,
                                     .dst_device = device,
                                     .dst_pitch = s->width,
                                     .width = s->width,
                                     .height = 1};
    const CUresult result =
        ((fn)dlsym(driver_handle, "cuMemcpyHtoAAsync_v2"))(array, 0, row_at(s, 0, 0), s->width, stream);
    return result == CUDA_SUCCESS ? cu.cuMemcpy2DAsync_v2(&back, stream) : result;
}

static void check(CUresult (*copy)(const struct shape *), const struct shape *s, int seed)
{
    struct gate gate = {0};
    pthread_t opener = 0;
    const int small = s->width * s->height * s->depth <= 65536;
    for (size_t i = 0; i < s->depth * s->height; i++)
        fill(row_at(s, i / s->height, i % s->height), s->width, (uint64_t)seed + i);
    memset((void *)(uintptr_t)device, 0, BYTES);
    block_stream(stream, &gate);
    if (!small)
        opener = open_soon(&gate);
    OK(copy(s));
    memset(block, 0x55, BYTES);
    atomic_store(&gate.open, 1); /* never reached by a small copy that waits: the alarm ends the test */
    OK(cu.cuStreamSynchronize(stream));
    for (size_t i = 0; i < s->depth * s->height; i++)
        DEVICE_HOLDS(device + i * s->width, s->width, (uint64_t)seed + i);
    if (!small)
        pthread_join(opener, NULL);
}

int main(void)
{
    static const struct shape shapes[] = {
        {1, 1, 1, 0, 0, 0, 1},      {4000, 16, 1, 999, 100, 0, 120}, {655, 100, 1, 0, 109, 0, 209},
        {4096, 16, 1, 5, 2, 0, 18}, {4097, 16, 1, 903, 190, 0, 207},
    };
    static const struct shape deep[] = {{3000, 5, 4, 7, 1, 2, 8}, {100, 60, 2, 4900, 4, 1, 64}};
    const struct shape line = {.width = 65536, .height = 1, .depth = 1, .rows = 1};
    const size_t bytes[] = {BYTES, 0, 1 | (size_t)1 << 32}; /* bytes, one channel */
    typedef CUresult (*create_fn)(CUarray *, const void *);
    begin_client(100);
    stream = new_stream();
    device = device_memory(BYTES);
    OK(((create_fn)dlsym(driver_handle, "cuArrayCreate_v2"))(&array, bytes));
    block = promoted_block(BYTES, 1);
    for (int i = 0; i < 5; i++) {
        check(copy_2d, &shapes[i], 10 * i);
        check(copy_3d, &shapes[i], 1000 + 10 * i);
    }
    check(copy_3d, &deep[0], 2000);
    check(copy_3d, &deep[1], 3000);
    check(copy_array, &line, 4000);
    SAME(sim->registered_regions, 1);
    return 0;
}
