/* Asks a real CUDA driver what autopin assumes about it and prints "fact: value" lines.  See facts.h.
 *
 * usage: facts [--probe | --name | --no-speed | REQUESTS-FILE]      exit 77 without a driver or device
 *   --probe     stops after finding one             --name  stops after naming it
 *   --no-speed  leaves out what costs.c and sweep.c measure better */
#define _GNU_SOURCE
#include "tests/gpu/facts.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

struct driver cu;
static CUcontext main_context;

void fact(const char *name, const char *format, ...)
{
    va_list arguments;
    printf("%s: ", name);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

void assumed(const char *name, int confirmed, const char *format, ...)
{
    va_list arguments;
    printf("assumed_%s: %s: ", name, confirmed ? "confirmed" : "refuted");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

void must(CUresult result, const char *what)
{
    if (result != CUDA_SUCCESS) {
        fprintf(stderr, "facts: %s: error %d\n", what, result);
        exit(1);
    }
}

char *map_pages(size_t bytes, int advice)
{
    /* Two MiB more, so that the range can begin where a huge page does. */
    char *memory = mmap(NULL, bytes + 2 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_need(memory != MAP_FAILED, "mmap");
    memory = (char *)(((uintptr_t)memory + 2 * MIB - 1) & ~(uintptr_t)(2 * MIB - 1));
    if (advice)
        madvise(memory, bytes, advice);
    return memory;
}

/* One call on another thread. */
struct pending {
    pthread_t thread;
    CUresult (*call)(void *);
    void *argument;
    double started_s, taken_s;
    CUresult result;
    atomic_int done;
};

static void *run_pending(void *argument)
{
    struct pending *pending = argument;
    cu.ctx_set(main_context);
    pending->started_s = bench_now_s();
    pending->result = pending->call(pending->argument);
    pending->taken_s = bench_now_s() - pending->started_s;
    atomic_store(&pending->done, 1);
    return NULL;
}

struct pending *start_call(CUresult (*call)(void *), void *argument)
{
    struct pending *pending = calloc(1, sizeof *pending);
    pending->call = call;
    pending->argument = argument;
    bench_need(pthread_create(&pending->thread, NULL, run_pending, pending) == 0, "pthread_create");
    return pending;
}

double wait_call(struct pending *pending, double limit_s)
{
    double deadline = bench_now_s() + limit_s;
    while (!atomic_load(&pending->done)) {
        if (bench_now_s() > deadline)
            return -1;
        usleep(200);
    }
    return pending->taken_s;
}

CUresult finish_call(struct pending *pending)
{
    pthread_join(pending->thread, NULL);
    CUresult result = pending->result;
    free(pending);
    return result;
}

static void find(const char *name, void *where)
{
    void *symbol = dlsym(cu.handle, name);
    if (!symbol) {
        fprintf(stderr, "facts: the driver has no %s\n", name);
        exit(1);
    }
    memcpy(where, &symbol, sizeof symbol);
}

/* Device 0 is there, or the program ends with 77. */
static CUdevice open_driver(void)
{
    CUdevice device;
    cu.handle = dlopen("libcuda.so.1", RTLD_NOW);
    if (!cu.handle) {
        printf("no CUDA driver (libcuda.so.1) on this machine\n");
        exit(77);
    }
    find("cuInit", &cu.init);
    CUresult result = cu.init(0);
    if (result != CUDA_SUCCESS) {
        printf("no usable GPU: cuInit answers %d\n", result);
        exit(77);
    }
#define X(field, name, arguments) find(name, &cu.field);
    DRIVER_FUNCTIONS(X)
#undef X
    if (cu.device_get(&device, 0) != CUDA_SUCCESS) {
        printf("no GPU\n");
        exit(77);
    }
    return device;
}

static void facts_device(CUdevice device)
{
    static const struct {
        const char *name;
        int attribute;
    } asked[] = {
        {"attribute_host_register_supported_99", 99},
        {"attribute_pageable_access_88", 88},
        {"attribute_pageable_access_host_tables_100", 100},
        {"attribute_host_native_atomics_86", 86},
        {"attribute_read_only_register_113", 113},
        {"attribute_can_use_host_pointer_for_registered_91", 91},
        {"attribute_async_engines_40", 40},
        {"attribute_unified_addressing_41", 41},
    };
    char name[128] = "";
    int version = 0, value = 0;
    cu.device_name(name, sizeof name, device);
    cu.driver_version(&version);
    fact("device", "%s", name);
    fact("driver_version", "%d", version);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        CUresult result = cu.device_attribute(&value, asked[i].attribute, device);
        fact(asked[i].name, result == CUDA_SUCCESS ? "%d" : "error %d", result == CUDA_SUCCESS ? value : result);
    }
}

int main(int argc, char **argv)
{
    CUdevice device = open_driver();
    if (argc > 1 && strcmp(argv[1], "--probe") == 0)
        return 0;
    if (argc > 1 && strcmp(argv[1], "--name") == 0) {
        char name[128] = "";
        cu.device_name(name, sizeof name, device);
        printf("gpu %s\n", name);
        return 0;
    }
    const int speed = argc < 2 || strcmp(argv[1], "--no-speed") != 0;
    must(cu.primary_retain(&main_context, device), "cuDevicePrimaryCtxRetain");
    must(cu.ctx_set(main_context), "cuCtxSetCurrent");
    facts_device(device);
    facts_staging(device);
    facts_lookup(speed && argc > 1 ? argv[1] : "tests/data/cudart13_requests.txt");
    facts_pointers();
    facts_registration();
    facts_straddling();
    facts_waiting();
    facts_capture();
    if (speed)
        facts_speed();
    facts_contexts(device); /* last: it resets the context */
    return 0;
}
