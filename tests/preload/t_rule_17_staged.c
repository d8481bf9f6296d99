/* Rules 13, 17 and 25 for staged copies: a table of copies, most of them wrong, has the same results and errno as
 * without autopin, whatever of the host's range may not be used or is the application's own registration; what is right
 * before and after is right; bytes outside the range are never touched; and a chunk that fails leaves nothing in
 * flight.
 *
 * The simulated driver counts memory that may not be used as a violation and answers 0: it is not strict here. */
#define _GNU_SOURCE
#include <errno.h>

#include "sim_client_staged.h"

enum {
    BYTES = 4 * MIB,
    PAGE = 4096,
    EDGE = 64,
};
static int last_hole_first; /* what was taken away once is remembered: each kind has to be noticed by itself */
static CUdeviceptr device;
static CUstream stream;

static void say(const char *what, int shape, CUresult result)
{
    printf("%s, shape %d: %d errno %d\n", what, shape, result, errno);
    fflush(stdout);
}

static CUresult settle(void)
{
    const CUresult own = cu.cuStreamSynchronize(stream), result = cu.cuCtxSynchronize();
    return own ? own : result;
}

/* All shapes; the stream is our own, so that one that is in error would be seen. */
static void all(const char *what, char *host, CUdeviceptr at, size_t bytes, CUstream on)
{
    for (int shape = 0; shape < SHAPES; shape++) {
        errno = 77;
        say(what, shape, copy_shape(shape, host, at, bytes, on));
        errno = 0;
        say(" then", shape, settle());
    }
}

/* A copy that is right, in either direction: nothing of those before is left. */
static void right(const char *what)
{
    char *host = mapped(BYTES);
    fill(host, BYTES, 3);
    OK(cu.cuMemcpyHtoDAsync_v2(device, host, BYTES, stream));
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, BYTES, 3);
    memset(host, 0, BYTES);
    OK(cu.cuMemcpyDtoHAsync_v2(host, device, BYTES, stream));
    HOLDS(host, BYTES, 3);
    munmap(host, BYTES);
    printf("%s: right\n", what);
}

/* Refused as a whole: not a byte has moved. */
static void nothing_moved(char *host)
{
    char *there = (char *)(uintptr_t)device;
    for (int shape = 0; shape < SHAPES; shape++) {
        memset(there, 0x22, BYTES);
        memset(host, 0x33, BYTES);
        say("half too short", shape, copy_shape(shape, host, device + BYTES / 2, BYTES, stream));
        settle();
        printf("%d %d\n", there[BYTES / 2], host[0]);
    }
}

static void wrong_devices(char *host)
{
    nothing_moved(host);
    all("right", host, device, BYTES, stream);
    all("too short", host, device + BYTES / 2, BYTES, stream);
    all("one byte too short", host, device + 1, BYTES, stream);
    all("no device memory", host, 0, BYTES, stream);
    all("host as device", host, (CUdeviceptr)(uintptr_t)mapped(BYTES), BYTES, stream);
    all("bad stream", host, device, BYTES, (CUstream)0xdead0);
    all("null host", NULL, device, BYTES, stream);
    right("after wrong devices");
}

enum hole {
    UNMAPPED,
    NO_ACCESS, /* by mprotect, of pages that are there */
    NO_ACCESS_UNTOUCHED,
    READ_ONLY,
    HOLES
};
static const char *const hole_names[] = {"unmapped", "no access", "no access, untouched", "read-only"};

static void make_hole(char *at, enum hole hole)
{
    if (hole == UNMAPPED)
        SAME(munmap(at, PAGE), 0);
    else if (hole == NO_ACCESS || hole == READ_ONLY)
        SAME(mprotect(at, PAGE, hole == READ_ONLY ? PROT_READ : PROT_NONE), 0);
    else
        CHECK(mmap(at, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
}

static void fill_hole(char *at, enum hole hole)
{
    if (hole == UNMAPPED || hole == NO_ACCESS_UNTOUCHED)
        CHECK(mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
    else
        SAME(mprotect(at, PAGE, PROT_READ | PROT_WRITE), 0);
}

static void beside(const char *memory, int edge, const char *text)
{
    for (int i = 0; i < PAGE + (edge ? EDGE : 0); i++)
        if (memory[i] != 0x55)
            printf("%s: byte %d before the range\n", text, i);
    for (int i = 0; i < PAGE; i++)
        if (memory[PAGE + BYTES + i] != 0x55)
            printf("%s: byte %d behind the range\n", text, i);
}

/* One page of the range, in the beginning, the middle and the end, may not be used.  The driver may have copied what is
 * before it, and bytes beside the range are as they were.  Not the unmapping of what a block has: that is a program's
 * mistake with another's memory. */
static void holes(const char *what, char *memory, int from)
{
    char *host = memory + PAGE + EDGE, text[100];
    for (int i = from; i < HOLES; i++)
        for (int place = 0; place < 3; place++) {
            const enum hole hole = last_hole_first ? HOLES - 1 - i + from : i;
            char *at = memory + PAGE + (place == 0 ? 0 : place == 1 ? BYTES / 2 : BYTES - PAGE);
            memset(memory, 0x55, BYTES + 2 * PAGE);
            make_hole(at, hole);
            snprintf(text, sizeof text, "%s: %s %d", what, hole_names[hole], place);
            all(text, host, device, BYTES - 2 * EDGE, stream);
            fill_hole(at, hole);
            beside(memory, place != 0, text);
        }
    right(what);
}

/* Registered in part by the application: a range that straddles the border is refused, one beside it is not. */
static void registered(const char *what, char *memory)
{
    static const size_t places[] = {0, BYTES / 2, BYTES - 64 * KIB};
    for (int place = 0; place < 3; place++) {
        OK(cu.cuMemHostRegister_v2(memory + places[place], 64 * KIB, 0));
        all(what, memory, device, BYTES, stream);
        all("its first half", memory, device, BYTES / 2, stream);
        all("its second half", memory + BYTES / 2 + 64 * KIB, device, BYTES / 2 - 128 * KIB, stream);
        OK(cu.cuMemHostUnregister(memory + places[place]));
        all("no longer", memory, device, BYTES, stream);
    }
    right(what);
}

static int table(const char *order)
{
    alarm(100);
    last_hole_first = strcmp(order, "backwards") == 0;
    bind_driver();
    char *early = mapped(BYTES);
    all("before cuInit", early, 0, BYTES, NULL);
    OK(cu.cuInit(0));
    all("no context", early, 0, BYTES, NULL);
    new_context();
    device = device_memory(BYTES);
    stream = new_stream();
    wrong_devices(early);
    char *block = malloc(BYTES + 3 * PAGE);
    wrong_devices(block);
    registered("foreign", early);
    registered("block", block);
    holes("mmap", mapped(BYTES + 2 * PAGE), UNMAPPED);
    holes("shared file", mapped_file(BYTES + 2 * PAGE, MAP_SHARED), UNMAPPED);
    holes("block", block + (-(uintptr_t)block & (PAGE - 1)), NO_ACCESS);
    fprintf(stderr, "%llu chunks\n", (unsigned long long)chunks());
    return 0;
}

/* A chunk that the driver refuses, or the call behind it.  The bytes are checked by the next copy, in one piece. */
static int failing(void)
{
    const CUresult wanted = (CUresult)atoi(getenv("WANTED"));
    char *host = mapped(BYTES);
    int failed = 0;
    begin_client(100);
    device = device_memory(BYTES);
    stream = new_stream();
    for (int i = 0; i < 8; i++) {
        fill(host, BYTES, i);
        const CUresult there = copy_async(0, host, device, BYTES, stream);
        CHECK(there == CUDA_SUCCESS || there == wanted);
        OK(cu.cuStreamQuery(stream) == CUDA_SUCCESS || there == CUDA_SUCCESS ? CUDA_SUCCESS : CUDA_ERROR_UNKNOWN);
        OK(cu.cuStreamSynchronize(stream));
        if (there == CUDA_SUCCESS)
            DEVICE_HOLDS(device, BYTES, i);
        memset(host, 0, BYTES);
        fill((char *)(uintptr_t)device, BYTES, i);
        const CUresult back = copy_async(1, host, device, BYTES, stream);
        CHECK(back == CUDA_SUCCESS || back == wanted);
        if (back == CUDA_SUCCESS)
            HOLDS(host, BYTES, i);
        OK(cu.cuStreamQuery(stream));
        failed += (there != CUDA_SUCCESS) + (back != CUDA_SUCCESS);
    }
    SAME(failed, wanted ? 2 : 0);
    SAME(sim->violations, 0);
    return 0;
}

int main(int argc, char **argv)
{
    static char plain[1 << 18], staged[1 << 18];
    if (argc > 1 && strcmp(argv[1], "failing") == 0)
        return failing();
    if (argc == 2)
        return table(argv[1]);
    const char *how = argc > 2 ? argv[1] : "forwards";
    SAME(run_self(NULL, how, NULL, plain, sizeof plain), 0);
    CHECK(strlen(plain) > 10000 && strlen(plain) < sizeof plain - 1);
    SAME(run_self(getenv("LIB"), how, NULL, staged, sizeof staged), 0);
    map_state();
    CHECK(chunks_of(SIM_D2H) > 50 && chunks_of(SIM_H2D) > 50);
    return !same_output(plain, staged, "table");
}
