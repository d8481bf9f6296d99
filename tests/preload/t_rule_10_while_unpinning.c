/* 2D, 3D, array and batch copies of a block that is just being unpinned, while the driver's unregistration waits for a
 * stream that the program lets go only afterwards: they return (a program that hangs is ended by the alarm), the
 * asynchronous ones keep their promise, of the block only the bytes of the copy are written, and what the driver
 * refuses is refused.
 *
 * The argument says which kind; batches ask for a driver that has them.  "ordered": a batch whose sources are to be
 * read in stream order has to wait, and reads what its stream has written by then. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    WIDTH = 3000,
    PITCH = 4096,
    ROWS = 60,  /* of a slice */
    APART = 64, /* slices, in rows */
    SLICES = 2,
    X = 77, /* where the box begins */
    Y = 3,
    PAYLOAD = WIDTH * ROWS * SLICES,
    BYTES = 1 * MIB,
    GAP = 0x77
};
static CUstream stream;
static CUdeviceptr device;
static char *block;
static CUarray array;
static int to_host, async;

typedef CUresult (*array_fn)(CUarray *, const void *);

#define FUNCTION(type, name) ((type)dlsym(driver_handle, name))

static char *row_at(int slice, int row)
{
    return block + ((size_t)(slice * APART + Y + row)) * PITCH + X;
}

static struct cu_memcpy3d box(int type)
{
    struct cu_memcpy3d c = {.width = WIDTH, .height = ROWS, .depth = SLICES};
    if (to_host) {
        c.src_type = CU_MEMORYTYPE_DEVICE;
        c.src_device = device;
        c.src_pitch = WIDTH;
        c.src_height = ROWS;
        c.dst_type = type;
        c.dst_host = type == CU_MEMORYTYPE_HOST ? block : NULL;
        c.dst_device = type == CU_MEMORYTYPE_HOST ? 0 : (CUdeviceptr)(uintptr_t)block;
        c.dst_x = X;
        c.dst_y = Y;
        c.dst_pitch = PITCH;
        c.dst_height = APART;
    } else {
        c.src_type = type;
        c.src_host = type == CU_MEMORYTYPE_HOST ? block : NULL;
        c.src_device = type == CU_MEMORYTYPE_HOST ? 0 : (CUdeviceptr)(uintptr_t)block;
        c.src_x = X;
        c.src_y = Y;
        c.src_pitch = PITCH;
        c.src_height = APART;
        c.dst_type = CU_MEMORYTYPE_DEVICE;
        c.dst_device = device;
        c.dst_pitch = WIDTH;
        c.dst_height = ROWS;
    }
    return c;
}

static CUresult copy_3d(void)
{
    const struct cu_memcpy3d c = box(async ? CU_MEMORYTYPE_UNIFIED : CU_MEMORYTYPE_HOST);
    return async ? cu.cuMemcpy3DAsync_v2(&c, stream) : cu.cuMemcpy3D_v2(&c);
}

/* A slice at a time. */
static CUresult copy_2d(void)
{
    CUresult result = CUDA_SUCCESS;
    for (size_t z = 0; z < SLICES && result == CUDA_SUCCESS; z++) {
        const struct cu_memcpy3d b = box(async ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_UNIFIED);
        struct cu_memcpy2d c = {.src_x = b.src_x,
                                .src_y = b.src_y + z * b.src_height,
                                .src_type = b.src_type,
                                .src_host = b.src_host,
                                .src_device = b.src_device,
                                .src_pitch = b.src_pitch,
                                .dst_x = b.dst_x,
                                .dst_y = b.dst_y + z * b.dst_height,
                                .dst_type = b.dst_type,
                                .dst_host = b.dst_host,
                                .dst_device = b.dst_device,
                                .dst_pitch = b.dst_pitch,
                                .width = b.width,
                                .height = b.height};
        result = async ? cu.cuMemcpy2DAsync_v2(&c, stream) : cu.cuMemcpy2DUnaligned_v2(&c);
    }
    return result;
}

/* A row at a time. */
static CUresult copy_array(void)
{
    typedef CUresult (*in_fn)(CUarray, size_t, const void *, size_t, ...);
    typedef CUresult (*out_fn)(void *, CUarray, size_t, size_t, ...);
    const out_fn out = FUNCTION(out_fn, async ? "cuMemcpyAtoHAsync_v2" : "cuMemcpyAtoH_v2");
    const in_fn in = FUNCTION(in_fn, async ? "cuMemcpyHtoAAsync_v2" : "cuMemcpyHtoA_v2");
    CUresult result = CUDA_SUCCESS;
    for (int i = 0; i < ROWS * SLICES && result == CUDA_SUCCESS; i++) {
        char *row = row_at(i / ROWS, i % ROWS);
        result = to_host ? out(row, array, (size_t)i * WIDTH, WIDTH, stream)
                         : in(array, (size_t)i * WIDTH, row, WIDTH, stream);
    }
    return result;
}

/* A row is a copy; every other one is read during the call, and the others at any time. */
static CUresult copy_rows(void)
{
    typedef CUresult (*fn)(CUdeviceptr *, CUdeviceptr *, size_t *, size_t, void *, size_t *, size_t, CUstream);
    enum {
        COUNT = ROWS * SLICES
    };
    static struct cu_memcpy_attributes attributes[COUNT];
    static CUdeviceptr to[COUNT], from[COUNT], to_before[COUNT], from_before[COUNT];
    static size_t sizes[COUNT], first[COUNT];
    for (int i = 0; i < COUNT; i++) {
        const CUdeviceptr row = (CUdeviceptr)(uintptr_t)row_at(i / ROWS, i % ROWS);
        to[i] = to_before[i] = to_host ? row : device + (size_t)i * WIDTH;
        from[i] = from_before[i] = to_host ? device + (size_t)i * WIDTH : row;
        sizes[i] = WIDTH;
        first[i] = (size_t)i;
        attributes[i].src_access_order =
            i % 2 && async ? CU_MEMCPY_SRC_ACCESS_ORDER_ANY : CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL;
    }
    const CUresult result =
        FUNCTION(fn, "cuMemcpyBatchAsync_v2")(to, from, sizes, COUNT, attributes, first, COUNT, stream);
    CHECK(memcmp(to, to_before, sizeof to) == 0 && memcmp(from, from_before, sizeof from) == 0);
    return result;
}

static CUresult copy_boxes(void)
{
    typedef CUresult (*fn)(size_t, struct cu_batch_op3d *, unsigned long long, CUstream);
    struct cu_batch_op3d op = {.width = WIDTH, .height = ROWS, .depth = SLICES};
    struct cu_operand3d host = {.type = CU_MEMCPY_OPERAND_TYPE_POINTER}, there = host;
    host.op.ptr.ptr = (CUdeviceptr)(uintptr_t)row_at(0, 0);
    host.op.ptr.row_length = PITCH;
    host.op.ptr.layer_height = APART;
    there.op.ptr.ptr = device;
    op.src = to_host ? there : host;
    op.dst = to_host ? host : there;
    op.src_access_order = async ? CU_MEMCPY_SRC_ACCESS_ORDER_ANY : CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL;
    return FUNCTION(fn, "cuMemcpy3DBatchAsync_v2")(1, &op, 0, stream);
}

/* --- what every kind must do -------------------------------------------------------------------------------------- */

static int in_box(size_t at)
{
    const size_t row = at / PITCH, x = at % PITCH;
    return x >= X && x < X + WIDTH && row % APART >= Y && row % APART < Y + ROWS && row / APART < SLICES;
}

static void each_gap(int write)
{
    for (size_t at = 0; at < BYTES; at++)
        if (!in_box(at)) {
            if (write)
                block[at] = GAP;
            else
                SAME(block[at], GAP);
        }
}

/* The program's other thread: writes between the rows, and only then lets the copy go on. */
static void *write_gaps(void *gate)
{
    nap_ms(20);
    each_gap(1);
    atomic_store(&((struct gate *)gate)->open, 1);
    return NULL;
}

static void each_row(int write, int seed)
{
    for (int i = 0; i < ROWS * SLICES; i++) {
        char *row = row_at(i / ROWS, i % ROWS);
        if (write)
            fill(row, WIDTH, (uint64_t)(seed + i));
        else
            HOLDS(row, WIDTH, (uint64_t)(seed + i));
    }
}

static void check_out(CUresult (*copy)(void), int seed)
{
    struct gate gate = {0};
    pthread_t thread;
    to_host = 1;
    memset(block, 0, BYTES);
    for (int i = 0; i < ROWS * SLICES; i++)
        fill((char *)(uintptr_t)device + (size_t)i * WIDTH, WIDTH, (uint64_t)(seed + i));
    if (copy == copy_array) {
        struct cu_memcpy2d c = {.src_type = CU_MEMORYTYPE_DEVICE, .src_device = device, .src_pitch = PAYLOAD};
        c.dst_type = CU_MEMORYTYPE_ARRAY;
        c.dst_array = array;
        c.width = PAYLOAD;
        c.height = 1;
        OK(cu.cuMemcpy2D_v2(&c));
        OK(cu.cuStreamSynchronize(NULL));
    }
    block_stream(stream, &gate);
    SAME(pthread_create(&thread, NULL, write_gaps, &gate), 0);
    OK(copy());
    each_row(0, seed);
    SAME(pthread_join(thread, NULL), 0);
    each_row(0, seed);
    each_gap(0);
    OK(cu.cuStreamSynchronize(stream));
}

static void check_in(CUresult (*copy)(void), int seed)
{
    to_host = 0;
    memset((void *)(uintptr_t)device, 0, PAYLOAD);
    memset(block, GAP, BYTES);
    each_row(1, seed);
    OK(copy());
    memset(block, 0, BYTES);
    OK(cu.cuStreamSynchronize(stream));
    if (copy == copy_array) {
        struct cu_memcpy2d c = {.src_type = CU_MEMORYTYPE_ARRAY, .src_array = array, .dst_type = CU_MEMORYTYPE_DEVICE};
        c.dst_device = device;
        c.dst_pitch = c.width = PAYLOAD;
        c.height = 1;
        OK(cu.cuMemcpy2D_v2(&c));
        OK(cu.cuStreamSynchronize(NULL));
    }
    for (int i = 0; i < ROWS * SLICES; i++)
        DEVICE_HOLDS(device + (size_t)i * WIDTH, WIDTH, (uint64_t)(seed + i));
}

/* Device memory that ends in the eleventh row: the driver refuses the copy, of a batch of rows after ten of them. */
static void check_refused(CUresult (*copy)(void))
{
    const CUdeviceptr whole = device;
    const int arrive = copy == copy_rows ? 10 : 0;
    to_host = 1;
    memset(block, GAP, BYTES);
    device += BYTES - 10 * WIDTH - WIDTH / 2;
    for (int i = 0; i < 10; i++)
        fill((char *)(uintptr_t)device + (size_t)i * WIDTH, WIDTH, (uint64_t)i);
    SAME(copy(), CUDA_ERROR_INVALID_VALUE);
    OK(cu.cuStreamSynchronize(stream));
    each_gap(0);
    for (int i = 0; i < ROWS * SLICES; i++)
        if (i < arrive)
            HOLDS(row_at(i / ROWS, i % ROWS), WIDTH, (uint64_t)i);
        else
            SAME(row_at(i / ROWS, i % ROWS)[WIDTH / 2], GAP);
    device = whole;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        CUresult (*copy)(void);
    } kinds[] = {{"2d", copy_2d}, {"3d", copy_3d}, {"array", copy_array}, {"rows", copy_rows}, {"boxes", copy_boxes}};
    struct gate stuck;
    const size_t shape[] = {PAYLOAD, 0, 1 | (size_t)1 << 32}; /* bytes, one channel */
    CHECK(argc == 2);
    begin_client(100);
    const CUstream stuck_stream = new_stream();
    stream = new_stream();
    device = device_memory(BYTES);
    OK(FUNCTION(array_fn, "cuArrayCreate_v2")(&array, shape));
    block = promoted_block(BYTES, 1);
    SAME(sim->unregister_calls, 0);
    block_stream(stuck_stream, &stuck);
    while (sim->unregister_calls == 0) /* it has been idle for too long */
        nap_ms(1);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (async = 0; async < 2 && strcmp(argv[1], kinds[i].name) == 0; async++) {
            check_out(kinds[i].copy, 100);
            check_in(kinds[i].copy, 1000);
            if (kinds[i].copy != copy_array)
                check_refused(kinds[i].copy);
            SAME(sim->registered_regions, 1); /* it has been going on all the time */
        }
    atomic_store(&stuck.open, 1);
    OK(cu.cuStreamSynchronize(stuck_stream));
    while (sim->registered_regions)
        nap_ms(1);
    SAME(sim->violations, 0);
    return 0;
}
