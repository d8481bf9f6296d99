/* Staged copies move the right bytes and no others: every shape of entry point, odd sizes, unaligned addresses, and
 * every kind of memory that a program may have; and the report tells them apart from others. */
#define _GNU_SOURCE
#include "sim_client_staged.h"

enum {
    MOST = 20 * MIB + 4 * KIB,
    EDGE = 256, /* bytes around a range that are not to be touched */
};
static char static_memory[MOST + 2 * EDGE];
static CUcontext context;
static CUdeviceptr device;
static CUstream stream;

static void is_untouched(const char *at, const char *what)
{
    for (int i = 0; i < EDGE; i++)
        if (at[i] != 0x55) {
            fprintf(stderr, "%s: a byte beside it has changed\n", what);
            _exit(1);
        }
}

static CUresult settle(int shape)
{
    if (!is_async(shape))
        return CUDA_SUCCESS;
    return cu.cuStreamSynchronize(shape & 8 ? CU_STREAM_PER_THREAD : stream);
}

/* `host` has EDGE bytes of room on either side; `on` of it lie on the device. */
static void check(int shape, char *host, size_t bytes, size_t on, const char *what)
{
    const uint64_t seed = bytes * 31 + (uint64_t)shape;
    char *there = (char *)(uintptr_t)device + on;
    memset(host - EDGE, 0x55, EDGE);
    memset(host + bytes, 0x55, EDGE);
    memset(there - EDGE, 0x55, EDGE);
    memset(there + bytes, 0x55, EDGE);
    fill(to_host(shape) ? there : host, bytes, seed);
    memset(to_host(shape) ? host : there, 0, bytes);
    if (!goes_staged(shape, host, (CUdeviceptr)(uintptr_t)there, bytes, shape & 8 ? NULL : stream)) {
        fprintf(stderr, "%s, shape %d, %zu bytes: not staged\n", what, shape, bytes);
        _exit(1);
    }
    if (to_host(shape))
        HOLDS(host, bytes, seed); /* also the asynchronous ones: rule 10 */
    OK(settle(shape));
    HOLDS(host, bytes, seed);
    HOLDS(there, bytes, seed);
    is_untouched(host - EDGE, what);
    is_untouched(host + bytes, what);
    is_untouched(there - EDGE, what);
    is_untouched(there + bytes, what);
}

/* Sizes about the borders of pieces, chunks and slots, at odd addresses. */
static void check_sizes(char *host, const char *what)
{
    static const size_t sizes[] = {128 * KIB + 1,   256 * KIB - 1, 256 * KIB,     256 * KIB + 1, 512 * KIB + 13,
                                   MIB + 4096,      2 * MIB - 1,   2 * MIB,       2 * MIB + 1,   4 * MIB + 63,
                                   7 * MIB + 12345, 8 * MIB,       16 * MIB + 64, 17 * MIB - 7,  20 * MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t off = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 61 + i;
        for (int dir = 0; dir < 2; dir++)
            check(dir | (i % 2 ? 2 : 0), host + EDGE + off, sizes[i], EDGE + i % 5, what);
    }
}

static void check_memory(char *host, const char *what)
{
    for (int shape = 0; shape < SHAPES; shape++)
        check(shape, host + EDGE + shape, 3 * MIB + 4321, EDGE, what);
}

static void *on_stack(void *unused)
{
    char big[4 * MIB];
    OK(cu.cuCtxSetCurrent(context));
    check_memory(big, "stack");
    return unused;
}

static void check_stack(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 6 * MIB);
    SAME(pthread_create(&thread, &attr, on_stack, NULL), 0);
    SAME(pthread_join(thread, NULL), 0);
}

static int work(void)
{
    context = begin_client(100);
    device = device_memory(MOST + 2 * EDGE);
    stream = new_stream();
    char *anonymous = mapped(MOST + 2 * EDGE);
    check_sizes(anonymous, "mmap");
    check_memory(anonymous, "mmap");
    check_memory(mapped_file(4 * MIB, MAP_SHARED), "shared file");
    check_memory(mapped_file(4 * MIB, MAP_PRIVATE), "private file");
    check_memory(static_memory, "static");
    check_stack();
    check_memory(malloc(4 * MIB), "heap");   /* below min_size: glibc's */
    check_memory(malloc(40 * MIB), "block"); /* a PLAIN block */
    SAME(sim->violations, 0);
    return 0;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return work();
    const char *json = report_of_self("work");
    CHECK(reported(json, "host_to_device", "staged") == 8 && reported(json, "device_to_host", "staged") == 8);
    CHECK(reported(json, "host_to_device", "foreign_staged") == 15 + 6 * 8);
    CHECK(reported(json, "device_to_host", "foreign_staged") == 15 + 6 * 8);
    SAME(reported(json, "host_to_device", "foreign"), 0);
    SAME(reported(json, "device_to_host", "plain"), 0);
    return 0;
}
