/* Rule 25: the program's own registrations of a pinned block work as if autopin were not there: results, flags, device
 * pointers and real asynchrony; what ends is theirs, and the block is pageable, and pinned by autopin, afterwards. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB
};
static CUdeviceptr device;
static CUstream stream;

#define SAY(call) printf("%s: %d\n", #call, call)

static void ask(const char *block, size_t at)
{
    unsigned flags = 99;
    CUdeviceptr pointer = 99;
    const CUresult got_flags = cu.cuMemHostGetFlags(&flags, (void *)(block + at));
    const CUresult got_pointer = cu.cuMemHostGetDevicePointer_v2(&pointer, (void *)(block + at), 0);
    printf("at %zu: %d flags %u, %d device pointer %lld\n", at, got_flags, flags, got_pointer,
           got_pointer ? 0 : (long long)(pointer - (CUdeviceptr)(uintptr_t)(block + at)));
}

static void copy_hot(char *block)
{
    for (int i = 0; i < 4; i++) {
        fill(block, BYTES, i);
        SAY(cu.cuMemcpyHtoD_v2(device, block, BYTES));
        DEVICE_HOLDS(device, BYTES, i);
    }
}

static void whole(char *block, unsigned flags)
{
    copy_hot(block);
    ask(block, 0);
    SAY(cu.cuMemHostRegister_v2(block, BYTES, flags));
    ask(block, 5000);
    SAY(cu.cuMemHostRegister_v2(block, BYTES, 0));
    SAY(cu.cuMemHostRegister_v2(block + 8192, 4096, 0));
    copy_hot(block);
    ask(block, 0);
    SAY(cu.cuMemHostUnregister(block + 4096));
    SAY(cu.cuMemHostUnregister(block));
    ask(block, 0);
    SAY(cu.cuMemHostUnregister(block));
    SAY(cu.cuMemHostUnregister(block));
    copy_hot(block);
    ask(block, 0);
}

static void parts(char *block)
{
    copy_hot(block);
    SAY(cu.cuMemHostRegister_v2(block + 12288, 8192, 1));
    SAY(cu.cuMemHostRegister_v2(block + 65536, 65536, 2));
    SAY(cu.cuMemHostRegister_v2(block, BYTES, 0));
    SAY(cu.cuMemHostRegister_v2(block + 16384, 8192, 0));
    for (int i = 0; i < 4; i++) {
        SAY(cu.cuMemcpyHtoD_v2(device, block + 12288, 8192));
        SAY(cu.cuMemcpyHtoD_v2(device, block + 200000, 100000));
        SAY(cu.cuMemcpyHtoD_v2(device, block, 20000)); /* straddles what the program itself registered */
    }
    ask(block, 12288);
    ask(block, 70000);
    ask(block, 200000);
    SAY(cu.cuMemHostUnregister(block + 12288));
    SAY(cu.cuMemHostUnregister(block));
    ask(block, 12288);
    ask(block, 70000);
    SAY(cu.cuMemHostUnregister(block + 65536));
    SAY(cu.cuMemHostUnregister(block + 65536));
    copy_hot(block);
    ask(block, 70000);
}

/* What the program pinned itself is copied asynchronously in earnest. */
static void overlaps(char *block)
{
    struct gate gate = {0};
    copy_hot(block);
    SAY(cu.cuMemHostRegister_v2(block, BYTES, 0));
    block_stream(stream, &gate);
    fill((void *)(uintptr_t)device, BYTES, 9);
    SAY(cu.cuMemcpyDtoHAsync_v2(block, device, BYTES, stream));
    SAY(cu.cuMemcpyHtoDAsync_v2(device, block, 30000, stream));
    printf("returned while the stream waits: %d\n", !atomic_load(&gate.open));
    atomic_store(&gate.open, 1);
    SAY(cu.cuStreamSynchronize(stream));
    HOLDS(block, BYTES, 9);
    SAY(cu.cuMemHostUnregister(block));
}

static int run(void)
{
    begin_client(100);
    device = device_memory(BYTES);
    stream = new_stream();
    char *block = malloc(BYTES);
    for (unsigned flags = 0; flags < 4; flags++)
        whole(block, flags);
    parts(block);
    overlaps(block);
    CUresult (*old)(void *, size_t, unsigned) =
        (CUresult(*)(void *, size_t, unsigned))dlsym(driver_handle, "cuMemHostRegister");
    copy_hot(block);
    SAY(old(block, BYTES, 1));
    ask(block, 0);
    SAY(cu.cuMemHostUnregister(block));
    copy_hot(block);
    fflush(stdout);
    if (getenv("LD_PRELOAD")) {
        CHECK(sim->register_calls > 7); /* more than the program's own */
        SAME(sim->registered_regions, 1);
    }
    free(block);
    return 0;
}

int main(int argc, char **argv)
{
    static char plain[1 << 16], pinned[1 << 16];
    (void)argv;
    if (argc > 1)
        return run();
    SAME(run_self(NULL, "run", NULL, plain, sizeof plain), 0);
    SAME(run_self(getenv("LIB"), "run", NULL, pinned, sizeof pinned), 0);
    CHECK(strstr(plain, "returned while the stream waits: 1"));
    return !same_output(plain, pinned, "registrations");
}
