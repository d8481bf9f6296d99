/* A program of the CUDA runtime that knows nothing of autopin: every copy's bytes are checked, and everything a program
 * may rely on for memory from malloc.  It must end alike with the preload and without, whichever way it is linked.
 *
 * usage: rt_copies [--bandwidth]     exit 77 without a device; last line: "copied H2D_BYTES D2H_BYTES" */
#include <cuda_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    KIB = 1 << 10,
    MIB = 1 << 20,
    HOT = 12
};

static size_t copied[2]; /* to the device, to the host */
static int failures;

#define CHECK(condition, ...)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("FAIL %s:%d: %s: ", __func__, __LINE__, #condition);                                                \
            printf(__VA_ARGS__);                                                                                       \
            putchar('\n');                                                                                             \
            failures++;                                                                                                \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)
#define OK(call) CHECK((call) == cudaSuccess, "%s", cudaGetErrorString(cudaGetLastError()))

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void fill(unsigned char *memory, size_t bytes, unsigned seed)
{
    unsigned long long word = seed * 0x9e3779b97f4a7c15ull + 1;
    for (size_t at = 0; at < bytes; at += sizeof word, word = word * 6364136223846793005ull + 1442695040888963407ull)
        memcpy(memory + at, &word, bytes - at < sizeof word ? bytes - at : sizeof word);
}

static cudaError_t copy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream,
                        int async)
{
    copied[kind == cudaMemcpyDeviceToHost] += bytes;
    return async ? cudaMemcpyAsync(to, from, bytes, kind, stream) : cudaMemcpy(to, from, bytes, kind);
}

/* Plain and asynchronous copies of one size, often enough to make the buffers hot.  An asynchronous copy from or to
 * pageable memory has read its source, or filled its destination, when it returns: nothing here waits for the stream.
 */
static void copies(size_t bytes, int rounds)
{
    unsigned char *in = malloc(bytes), *out = malloc(bytes), *expected = malloc(bytes);
    unsigned char *device;
    cudaStream_t stream;

    OK(cudaMalloc((void **)&device, bytes));
    OK(cudaStreamCreate(&stream));
    for (int i = 0; i < rounds; i++) {
        int async = i & 1;
        fill(in, bytes, (unsigned)i);
        memcpy(expected, in, bytes);
        OK(copy(device, in, bytes, cudaMemcpyHostToDevice, stream, async));
        if (async)
            memset(in, 0xee, bytes);
        memset(out, 0xdd, bytes);
        OK(copy(out, device, bytes, cudaMemcpyDeviceToHost, stream, async));
        CHECK(memcmp(out, expected, bytes) == 0, "%zu bytes, round %d", bytes, i);
    }
    OK(cudaStreamDestroy(stream));
    OK(cudaFree(device));
    free(in), free(out), free(expected);
}

/* New buffers for every copy, as most programs have it. */
static void churn(void)
{
    size_t bytes = 8 * MIB + 12345;
    unsigned char *device;
    OK(cudaMalloc((void **)&device, bytes));
    for (int i = 0; i < 40; i++) {
        unsigned char *in = malloc(bytes), *out = malloc(bytes);
        fill(in, bytes, (unsigned)i);
        OK(copy(device, in, bytes, cudaMemcpyHostToDevice, 0, i & 1));
        OK(copy(out, device, bytes, cudaMemcpyDeviceToHost, 0, i & 2));
        CHECK(memcmp(out, in, bytes) == 0, "round %d", i);
        free(in), free(out);
    }
    OK(cudaFree(device));
}

static void two_dimensions(void)
{
    size_t pitch = 5000, width = 4321, height = 2000;
    unsigned char *in = malloc(pitch * height), *out = malloc(pitch * height), *device;
    size_t device_pitch;
    OK(cudaMallocPitch((void **)&device, &device_pitch, width, height));
    for (int i = 0; i < HOT; i++) {
        fill(in, pitch * height, (unsigned)i);
        memset(out, 0xdd, pitch * height);
        OK(cudaMemcpy2D(device, device_pitch, in, pitch, width, height, cudaMemcpyHostToDevice));
        OK(cudaMemcpy2DAsync(out, pitch, device, device_pitch, width, height, cudaMemcpyDeviceToHost, 0));
        for (size_t row = 0; row < height; row++) {
            CHECK(memcmp(out + row * pitch, in + row * pitch, width) == 0, "row %zu", row);
            CHECK(row + 1 == height || out[row * pitch + width] == 0xdd, "row %zu: wrote between the rows", row);
        }
    }
    OK(cudaFree(device));
    free(in), free(out);
}

static void heat(unsigned char *host, unsigned char *device, size_t bytes)
{
    for (int i = 0; i < HOT; i++)
        OK(copy(device, host, bytes, cudaMemcpyHostToDevice, 0, 0));
}

/* A hot buffer looks like any memory from malloc. */
static void queries(void)
{
    size_t bytes = 32 * MIB;
    unsigned char *host = malloc(bytes), *device;
    struct cudaPointerAttributes attributes;
    void *pointer;
    unsigned flags;

    OK(cudaMalloc((void **)&device, bytes));
    heat(host, device, bytes);
    OK(cudaPointerGetAttributes(&attributes, host + 4096));
    CHECK(attributes.type == cudaMemoryTypeUnregistered, "type %d", (int)attributes.type);
    CHECK(cudaHostGetDevicePointer(&pointer, host, 0) != cudaSuccess, "a device pointer");
    CHECK(cudaHostGetFlags(&flags, host) != cudaSuccess, "flags %u", flags);
    cudaGetLastError();
    OK(cudaFree(device));
    free(host);
}

/* The program's own pinning of a hot buffer works as if autopin had never touched it. */
static void registration(void)
{
    size_t bytes = 32 * MIB;
    unsigned char *host = malloc(bytes), *device;
    struct cudaPointerAttributes attributes;

    OK(cudaMalloc((void **)&device, bytes));
    heat(host, device, bytes);
    for (int i = 0; i < 3; i++) {
        OK(cudaHostRegister(host, bytes, cudaHostRegisterDefault));
        CHECK(cudaHostRegister(host, bytes, cudaHostRegisterDefault) == cudaErrorHostMemoryAlreadyRegistered, "twice");
        OK(cudaPointerGetAttributes(&attributes, host));
        CHECK(attributes.type == cudaMemoryTypeHost, "type %d", (int)attributes.type);
        heat(host, device, bytes);
        OK(cudaHostUnregister(host));
        CHECK(cudaHostUnregister(host) == cudaErrorHostMemoryNotRegistered, "unregistered twice");
        cudaGetLastError();
        heat(host, device, bytes);
    }
    OK(cudaFree(device));
    free(host);
}

/* The context goes while buffers are hot; the same buffers serve the next one. */
static void reset(void)
{
    size_t bytes = 32 * MIB;
    unsigned char *in = malloc(bytes), *out = malloc(bytes), *device;
    for (int i = 0; i < 3; i++) {
        OK(cudaMalloc((void **)&device, bytes));
        heat(in, device, bytes);
        fill(in, bytes, (unsigned)i);
        OK(copy(device, in, bytes, cudaMemcpyHostToDevice, 0, 0));
        OK(copy(out, device, bytes, cudaMemcpyDeviceToHost, 0, 0));
        CHECK(memcmp(in, out, bytes) == 0, "after reset %d", i);
        OK(cudaDeviceReset());
    }
    free(in), free(out);
}

static void errors(void)
{
    unsigned char *host = malloc(2 * MIB), *device;
    OK(cudaMalloc((void **)&device, MIB));
    CHECK(cudaMemcpy(device, host, 0, cudaMemcpyHostToDevice) == cudaSuccess, "no bytes");
    CHECK(cudaMemcpy(host, NULL, MIB, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue, "from nowhere");
    cudaGetLastError();
    CHECK(cudaGetLastError() == cudaSuccess, "an error stayed behind");
    OK(cudaFree(device));
    free(host);
}

static double gb_per_s(void *host, void *device, size_t bytes, int to_host)
{
    double best = 1e9;
    for (int i = 0; i < 30; i++) {
        double start = now_s();
        cudaMemcpy(to_host ? host : device, to_host ? device : host, bytes, cudaMemcpyDefault);
        double taken = now_s() - start;
        best = i >= 20 && taken < best ? taken : best;
    }
    return (double)bytes / best * 1e-9;
}

static void bandwidth(void)
{
    size_t bytes = 64 * MIB;
    void *device, *pinned, *plain = malloc(bytes);
    OK(cudaMalloc(&device, bytes));
    OK(cudaMallocHost(&pinned, bytes));
    memset(plain, 1, bytes);
    memset(pinned, 1, bytes);
    for (int to_host = 0; to_host < 2; to_host++) {
        double from_malloc = gb_per_s(plain, device, bytes, to_host);
        double from_pinned = gb_per_s(pinned, device, bytes, to_host);
        printf("64 MiB to the %s: malloc %.1f GB/s, pinned by hand %.1f GB/s\n", to_host ? "host" : "device",
               from_malloc, from_pinned);
    }
    OK(cudaFreeHost(pinned));
    OK(cudaFree(device));
    free(plain);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {4 * KIB,       64 * KIB, 64 * KIB + 1, MIB,      4 * MIB + 123,
                                   16 * MIB - 64, 64 * MIB, 128 * MIB,    256 * MIB};
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        printf("no device: %s\n", cudaGetErrorString(cudaGetLastError()));
        return 77;
    }
    if (argc > 1 && strcmp(argv[1], "--bandwidth") == 0) {
        bandwidth();
        return failures != 0;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        copies(sizes[i], sizes[i] > 64 * MIB ? 6 : HOT);
    churn();
    two_dimensions();
    queries();
    registration();
    reset();
    errors();
    printf("copied %zu %zu\n", copied[0], copied[1]);
    return failures != 0;
}
