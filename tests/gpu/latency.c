/* How long other threads' calls take while a large block is being pinned.
 *
 * usage: latency HOW LABEL LIMIT_S MIB
 *   whole   cuMemHostRegister of the whole block        pieces  of 256 MiB of it, one after the other
 *   copy    a copy of the block's first 4 MiB: under autopin with promote = always and pin_wait = yes it waits for the
 * pin Three threads go on all the while: one calls malloc and free of 256 bytes, one of 512 KiB (which the allocator
 * maps and unmaps) and touches a page, one copies 64 KiB of its own to the device. output: "latency LABEL WHAT PHASE
 * COUNT MEDIAN_US P99_US MAX_US" with the phases before, pin, unpin; and "latency LABEL took PHASE 1 MS MS MS".  Exit
 * 77 without a driver or device. */
#define _GNU_SOURCE
#include "tests/gpu/gpu.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum phase {
    WARM,
    BEFORE,
    PIN,
    UNPIN,
    END,
    SAMPLES = 1 << 20
};
static const char *const phase_names[] = {"warm", "before", "pin", "unpin"};

struct watcher {
    const char *what;
    void (*act)(void);
    float *us[END]; /* the latest SAMPLES of them */
    size_t n[END];
    float longest[END];
    pthread_t thread;
};

static struct bench_cuda cu;
static _Atomic int phase;
static CUdeviceptr device;
static char *mine;

static void small_malloc(void)
{
    volatile char *memory = malloc(256);
    bench_need(memory != NULL, "malloc");
    memory[0] = 1;
    free((void *)memory);
}
static void mapped_malloc(void)
{
    volatile char *memory = malloc(512 * KIB);
    bench_need(memory != NULL, "malloc");
    memory[4096] = 1;
    free((void *)memory);
}
static void small_copy(void)
{
    bench_need(cu.cuMemcpyHtoD_v2(device, mine, 64 * KIB) == CUDA_SUCCESS, "to the device");
}

static void *watch(void *arg)
{
    struct watcher *w = arg;
    cu.cuCtxSetCurrent(cu.context);
    for (int now; (now = atomic_load(&phase)) != END;) { /* a call that a pin held up is counted there */
        const double start = bench_now_s();
        w->act();
        const float us = (float)((bench_now_s() - start) * 1e6);
        const int then = atomic_load(&phase);
        if (then > now && then != END)
            now = then;
        w->us[now][w->n[now]++ % SAMPLES] = us;
        if (us > w->longest[now])
            w->longest[now] = us;
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void say(const char *label, struct watcher *w)
{
    for (int i = BEFORE; i < END; i++) {
        const size_t n = w->n[i] < SAMPLES ? w->n[i] : SAMPLES;
        if (!n)
            continue;
        qsort(w->us[i], n, sizeof(float), compare);
        printf("latency %s %s %s %zu %.2f %.2f %.2f\n", label, w->what, phase_names[i], w->n[i],
               (double)w->us[i][n / 2], (double)w->us[i][n * 99 / 100], (double)w->longest[i]);
    }
}

static double pin_s(const char *how, char *memory, size_t bytes, int undo)
{
    const size_t piece = how[0] == 'p' && bytes > 256 * MIB ? 256 * MIB : bytes;
    const double start = bench_now_s();
    if (how[0] == 'c') {
        bench_need(cu.cuMemcpyHtoD_v2(device, memory, 4 * MIB) == CUDA_SUCCESS, "to the device");
        return bench_now_s() - start;
    }
    for (size_t at = 0; at < bytes; at += piece) {
        const size_t part = bytes - at < piece ? bytes - at : piece;
        bench_need((undo ? cu.cuMemHostUnregister(memory + at)
                         : cu.cuMemHostRegister_v2(memory + at, part, CU_MEMHOSTREGISTER_PORTABLE)) == CUDA_SUCCESS,
                   undo ? "cuMemHostUnregister" : "cuMemHostRegister");
    }
    return bench_now_s() - start;
}

int main(int argc, char **argv)
{
    struct watcher watchers[] = {{.what = "malloc_256_bytes", .act = small_malloc},
                                 {.what = "malloc_512_KiB", .act = mapped_malloc},
                                 {.what = "copy_64_KiB", .act = small_copy}};
    const char *how = argc > 1 ? argv[1] : "whole", *label = argc > 2 ? argv[2] : how;
    size_t bytes = (argc > 4 ? strtoul(argv[4], NULL, 10) : 4096) * MIB;
    mallopt(M_MMAP_THRESHOLD, 256 << 10); /* and it stays there */
    gpu_limit(argc > 3 ? argv[3] : NULL);
    cu = bench_cuda();
    while (bytes > 256 * MIB && bytes > gpu_host_free() / 3)
        bytes /= 2;
    bench_need(cu.cuMemAlloc_v2(&device, 4 * MIB) == CUDA_SUCCESS, "cuMemAlloc");
    mine = gpu_map(64 * KIB, 0);
    bench_touch(mine, 64 * KIB);
    char *block = malloc(bytes);
    bench_need(block != NULL, "malloc");
    char *memory = (char *)(((uintptr_t)block + 4095) & ~(uintptr_t)4095); /* whole pages of it */
    if (how[0] != 'c')
        bytes = (bytes - 4096) / MIB * MIB;
    bench_touch(block, bytes);
    for (size_t i = 0; i < 3; i++) {
        for (int p = WARM; p < END; p++)
            bench_need((watchers[i].us[p] = calloc(SAMPLES, sizeof(float))) != NULL, "calloc");
        bench_need(pthread_create(&watchers[i].thread, NULL, watch, &watchers[i]) == 0, "pthread_create");
    }
    usleep(200000);
    atomic_store(&phase, BEFORE);
    usleep(700000);
    atomic_store(&phase, PIN);
    const double pin = pin_s(how, how[0] == 'c' ? block : memory, bytes, 0);
    atomic_store(&phase, WARM);
    usleep(50000);
    atomic_store(&phase, UNPIN);
    const double unpin = how[0] == 'c' ? 0 : pin_s(how, memory, bytes, 1);
    atomic_store(&phase, END);
    for (size_t i = 0; i < 3; i++) {
        pthread_join(watchers[i].thread, NULL);
        if (how[0] == 'c')
            watchers[i].n[UNPIN] = 0;
        say(label, &watchers[i]);
    }
    printf("latency %s took pin 1 %.2f %.2f %.2f\n", label, pin * 1e3, pin * 1e3, pin * 1e3);
    if (how[0] != 'c')
        printf("latency %s took unpin 1 %.2f %.2f %.2f\n", label, unpin * 1e3, unpin * 1e3, unpin * 1e3);
    printf("latency %s bytes pin 1 %zu %zu %zu\n", label, bytes, bytes, bytes);
    return 0;
}
