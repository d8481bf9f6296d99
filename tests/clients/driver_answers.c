/* What NVIDIA's driver library, or its runtime, answers on a machine without a GPU: prints every result.
 *
 *   driver_answers driver REQUESTS       libcuda.so.1; REQUESTS: lines "name version flags ...", as a runtime asks
 *   driver_answers runtime LIBRARY       a libcudart
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGE = 8 << 20,
    REQUESTED = 440
};

static void *handle;
static char *large, *other; /* what is copied: blocks that autopin would serve and pin */
static int failed;

static void *must(const char *name)
{
    void *found = dlsym(handle, name);
    if (!found) {
        printf("%s is missing\n", name);
        exit(1);
    }
    return found;
}

/* Says what a function of any signature answers: the arguments are passed as the words that they are. */
static int ask(const char *name, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d)
{
    int (*function)(uintptr_t, uintptr_t, uintptr_t, uintptr_t) =
        (int (*)(uintptr_t, uintptr_t, uintptr_t, uintptr_t))must(name);
    const int result = function(a, b, c, d);
    printf("%s: %d\n", name, result);
    return result;
}

static const char *export_name(void *function)
{
    Dl_info info;
    return dladdr(function, &info) && info.dli_sname && info.dli_saddr == function ? info.dli_sname
                                                                                   : "nothing exported";
}

/* The name tells the pointer: what has it is either the driver's export of that name or, as for dlsym, its hook. */
static void request(int (*look_up)(const char *, void **, int, uint64_t, int *), const char *name, int version,
                    uint64_t flags)
{
    void *const untouched = &handle;
    void *found = untouched, *again = untouched;
    int status = -7;
    const int result = look_up(name, &found, version, flags, NULL);
    const int same = look_up(name, &again, version, flags, &status) == result && found == again;
    const char *exported = found == untouched ? "untouched" : found ? export_name(found) : "NULL";
    printf("%s %d %d: %d, status %d, %s\n", name, version, (int)flags, result, status, exported);
    if (!same || (found && found != untouched && found != dlsym(handle, exported))) {
        printf("not what dlsym finds, or not the same twice\n");
        failed = 1;
    }
}

static int requests(const char *path)
{
    int (*look_up)(const char *, void **, int, uint64_t, int *) =
        (int (*)(const char *, void **, int, uint64_t, int *))must("cuGetProcAddress_v2");
    char line[256];
    int n = 0;
    FILE *lines = fopen(path, "r");
    while (lines && fgets(line, sizeof line, lines)) {
        char *at = line + strcspn(line, " ");
        int version = 0, flags = 0;
        *at = 0;
        n += sscanf(at + 1, "%d %d", &version, &flags) == 2;
        request(look_up, line, version, (uint64_t)flags);
    }
    if (lines)
        fclose(lines);
    request(look_up, "cuNoSuchFunction", 12020, 0);
    request(look_up, "cuMemcpyHtoD", 12020, 1);
    request(look_up, "cuMemcpyHtoD", 2000, 2);
    request(look_up, "cuMemcpyHtoD", 99999, 2);
    request(look_up, "cuMemcpyHtoD", 12020, 77);
    return n == REQUESTED;
}

static void driver_calls(void)
{
    const uintptr_t at = (uintptr_t)large, to = (uintptr_t)other;
    uintptr_t out[4] = {0};
    int attribute = 2; /* CU_POINTER_ATTRIBUTE_MEMORY_TYPE */
    ask("cuDriverGetVersion", (uintptr_t)out, 0, 0, 0);
    printf("version %d\n", (int)out[0]);
    ask("cuDeviceGetCount", (uintptr_t)out, 0, 0, 0);
    ask("cuDeviceGet", (uintptr_t)out, 0, 0, 0);
    ask("cuCtxGetCurrent", (uintptr_t)out, 0, 0, 0);
    ask("cuCtxCreate_v2", (uintptr_t)out, 0, 0, 0);
    ask("cuDevicePrimaryCtxRetain", (uintptr_t)out, 0, 0, 0);
    ask("cuMemAlloc_v2", (uintptr_t)out, LARGE, 0, 0);
    ask("cuMemHostRegister_v2", at, LARGE, 1, 0);
    ask("cuMemHostRegister", at, LARGE, 0, 0);
    ask("cuMemHostGetFlags", (uintptr_t)out, at, 0, 0);
    ask("cuMemHostGetDevicePointer_v2", (uintptr_t)out, at, 0, 0);
    ask("cuPointerGetAttribute", (uintptr_t)out, 2, at, 0);
    ask("cuPointerGetAttributes", 1, (uintptr_t)&attribute, (uintptr_t)out, at);
    for (int i = 0; i < 3; i++) {
        ask("cuMemcpyHtoD_v2", 0x700000000000, at, LARGE, 0);
        ask("cuMemcpyDtoH_v2", at, 0x700000000000, LARGE, 0);
        ask("cuMemcpyHtoDAsync_v2", 0x700000000000, at, LARGE, 0);
        ask("cuMemcpyDtoHAsync_v2_ptsz", at, 0x700000000000, LARGE, 0);
        ask("cuMemcpy", to, at, LARGE, 0);
        ask("cuMemcpyAsync", to, at, LARGE, 0);
    }
    ask("cuMemHostUnregister", at, 0, 0, 0);
    ask("cuStreamCreate", (uintptr_t)out, 0, 0, 0);
    ask("cuStreamSynchronize", 0, 0, 0, 0);
    ask("cuDevicePrimaryCtxReset", 0, 0, 0, 0);
    ask("cuDevicePrimaryCtxRelease_v2", 0, 0, 0, 0);
}

static int driver(const char *path)
{
    const int complete = requests(path);
    driver_calls();
    ask("cuInit", 7, 0, 0, 0);
    const int result = ask("cuInit", 0, 0, 0, 0);
    driver_calls();
    return complete && result != 0; /* with a device these calls would not be harmless */
}

static int runtime(void)
{
    const char *(*describe)(int) = (const char *(*)(int))must("cudaGetErrorName");
    const uintptr_t at = (uintptr_t)large, to = (uintptr_t)other;
    uintptr_t out[4] = {0};
    ask("cudaRuntimeGetVersion", (uintptr_t)out, 0, 0, 0);
    printf("runtime %d\n", (int)out[0]);
    ask("cudaDriverGetVersion", (uintptr_t)out, 0, 0, 0);
    printf("driver %d\n", (int)out[0]);
    const int result = ask("cudaGetDeviceCount", (uintptr_t)out, 0, 0, 0);
    printf("%s\n", describe(result));
    ask("cudaGetLastError", 0, 0, 0, 0);
    ask("cudaMalloc", (uintptr_t)out, LARGE, 0, 0);
    ask("cudaMallocHost", (uintptr_t)out, LARGE, 0, 0);
    ask("cudaHostRegister", at, LARGE, 0, 0);
    for (int i = 0; i < 3; i++) {
        ask("cudaMemcpy", to, at, LARGE, 0);
        ask("cudaMemcpy", 0x700000000000, at, LARGE, 1);
    }
    ask("cudaHostUnregister", at, 0, 0, 0);
    ask("cudaDeviceReset", 0, 0, 0, 0);
    ask("cudaGetLastError", 0, 0, 0, 0);
    return result != 0;
}

int main(int argc, char **argv)
{
    const int is_driver = argc == 3 && strcmp(argv[1], "driver") == 0;
    handle = argc == 3 ? dlopen(is_driver ? "libcuda.so.1" : argv[2], RTLD_NOW) : NULL;
    if (!handle) {
        printf("%s\n", argc == 3 ? dlerror() : "usage: driver_answers driver REQUESTS | runtime LIBRARY");
        return 2;
    }
    large = malloc(LARGE);
    other = malloc(LARGE);
    memset(large, 'x', LARGE);
    memset(other, 'y', LARGE);
    if (!(is_driver ? driver(argv[2]) : runtime()))
        failed = 1;
    printf("copied: %c %c\n", large[LARGE - 1], other[LARGE - 1]);
    free(large);
    free(other);
    return failed;
}
