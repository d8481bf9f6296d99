/* Rule 34: each driver call that autopin makes on its own account, failing with each code, at its first, second, third
 * and fourth, or at every time: the program's results are those of a run without autopin.
 *
 * Arguments: "coarse" tries each call with each code at one of these times, "all" at all; then the calls that this
 * run's settings bring about besides the ones that all do. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 256 * KIB,
    BLOCKS = 4,
    ROUNDS = 5,
    TIMES = 4
};

static void say(const char *what, CUresult result, const void *bytes, size_t n)
{
    uint64_t sum = 0, word;
    for (size_t i = 0; i + 8 <= n; i += 8) {
        memcpy(&word, (const char *)bytes + i, 8);
        sum = sum * 31 + word;
    }
    printf("%s: %d %016llx\n", what, result, (unsigned long long)sum);
}

/* What autopin asks of a stream depends on whether there ever was a capture. */
static void capture(CUstream stream, CUdeviceptr device, char *block)
{
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;
    say("capture", cu.cuStreamBeginCapture_v2(stream, 1), NULL, 0);
    say("captured", cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, stream), NULL, 0);
    say("end of capture", cu.cuStreamEndCapture(stream, &graph), NULL, 0);
    say("graph", cu.cuGraphInstantiateWithFlags(&exec, graph, 0), NULL, 0);
    say("launch", cu.cuGraphLaunch(exec, stream), NULL, 0);
    say("done", cu.cuCtxSynchronize(), (const void *)(uintptr_t)device, BYTES);
    say("exec gone", cu.cuGraphExecDestroy(exec), NULL, 0);
    say("graph gone", cu.cuGraphDestroy(graph), NULL, 0);
}

static void copies(CUstream stream, CUdeviceptr device, char *block, uint64_t seed, int relaxed)
{
    const struct cu_memcpy2d shaped = {.src_type = CU_MEMORYTYPE_HOST,
                                       .src_host = block,
                                       .src_pitch = 1024,
                                       .dst_type = CU_MEMORYTYPE_DEVICE,
                                       .dst_device = device,
                                       .dst_pitch = 512,
                                       .width = 512,
                                       .height = 160}; /* more than 64 KiB: waited for */
    const void *there = (const void *)(uintptr_t)device;
    fill(block, BYTES, seed);
    say("h2d", cu.cuMemcpyHtoD_v2(device, block, BYTES), there, BYTES);
    fill(block, BYTES, seed + 1);
    say("h2d async", cu.cuMemcpyHtoDAsync_v2(device, block, BYTES, stream), NULL, 0);
    if (relaxed)
        say("wait", cu.cuCtxSynchronize(), NULL, 0);
    memset(block, 0x5a, BYTES);
    say("wait", cu.cuCtxSynchronize(), there, BYTES);
    say("d2h async", cu.cuMemcpyDtoHAsync_v2(block, device, BYTES, stream), relaxed ? NULL : block,
        relaxed ? 0 : BYTES);
    say("wait", cu.cuCtxSynchronize(), block, BYTES);
    say("small", cu.cuMemcpyHtoDAsync_v2(device, block + 64, 4096, stream), NULL, 0);
    if (relaxed)
        say("wait", cu.cuCtxSynchronize(), NULL, 0);
    memset(block, 0x5b, BYTES);
    say("wait", cu.cuCtxSynchronize(), there, BYTES);
    say("per thread", cu.cuMemcpyHtoDAsync_v2_ptsz(device, block, BYTES, NULL), NULL, 0);
    say("2D", cu.cuMemcpy2DAsync_v2(&shaped, stream), NULL, 0);
    say("wait", cu.cuCtxSynchronize(), there, BYTES);
}

/* Unregistering and entering a context are what the end of a context needs: with these failing, its registrations would
 * be left over, as they must (rule 20). */
static int may_end(const char *fault)
{
    return !strstr(fault, "Unregister") && !strstr(fault, "cuCtxPush") && !strstr(fault, "cuCtxPop");
}

static void in_context(int relaxed, uint64_t seed, const char *fault)
{
    CUcontext context = NULL;
    CUdeviceptr device = 0;
    CUstream stream = NULL;
    char *blocks[BLOCKS] = {NULL};
    say("context", cu.cuCtxCreate_v2(&context, 0, 0), NULL, 0);
    say("memory", cu.cuMemAlloc_v2(&device, BYTES), NULL, 0);
    say("stream", cu.cuStreamCreate(&stream, 1), NULL, 0);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < BLOCKS; i++) {
            if (!blocks[i])
                blocks[i] = malloc(BYTES);
            if (round == 0 && i == 0) {
                fill(blocks[i], BYTES, seed);
                capture(stream, device, blocks[i]);
            }
            copies(stream, device, blocks[i], seed + (uint64_t)round, relaxed);
            if (round % 2)
                free(blocks[i]), blocks[i] = NULL;
        }
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    if (may_end(fault))
        say("end", cu.cuCtxDestroy_v2(context), NULL, 0);
}

static int work(void)
{
    const char *fault = getenv("SIMCUDA_FAIL"), *async = getenv("AUTOPIN_ASYNC");
    alarm(100);
    bind_driver();
    say("init", cu.cuInit(0), NULL, 0);
    in_context(async && strcmp(async, "relaxed") == 0, 1, fault);
    in_context(async && strcmp(async, "relaxed") == 0, 99, fault);
    return 0;
}

static const char *const always_made[] = {
    "cuMemHostRegister_v2", "cuMemHostUnregister",  "cuCtxGetCurrent",
    "cuCtxGetDevice",       "cuCtxPushCurrent_v2",  "cuCtxPopCurrent_v2",
    "cuDriverGetVersion",   "cuDeviceGetAttribute", "cuThreadExchangeStreamCaptureMode",
    "cuDeviceGetName",      "cuStreamIsCapturing",  "cuStreamIsCapturing_ptsz",
    "cuEventCreate",        "cuEventRecord",        "cuEventRecord_ptsz",
    "cuEventDestroy_v2",    "cuEventSynchronize"};
static const int codes[] = {2, 1, 4, 100, 201, 712, 713, 800, 801, 900, 999};
/* "A capture forbids to ask", for ever: then nobody knows when the copy is over. */
static const char never_answered[] = "cuEventQuery:*=900";
static const char *const times[TIMES] = {"1", "2", "3-4", "*"};

static char plain[2][1 << 16], under[1 << 16];
static unsigned runs;
static uint64_t failures, straddles;
static struct sim_state usual; /* the counters of a run in which nothing fails */

static uint64_t calls_of(const char *name)
{
    for (uint64_t i = 0; i < usual.call_names; i++)
        if (strcmp(usual.call[i].name, name) == 0)
            return usual.call[i].calls;
    return 0;
}

/* One run with counters of its own. */
static int run(const char *preload, const char *fault, char *out, size_t room)
{
    char setting[128];
    snprintf(setting, sizeof setting, "SIMCUDA_FAIL=%s", fault);
    unlink(getenv("SIMCUDA_STATE"));
    const int code = run_self(preload, "work", setting, out, room);
    map_state();
    failures += sim->faults_injected;
    straddles += sim->straddles;
    usual = *sim;
    munmap(sim, sizeof *sim);
    return code;
}

static int compare(const char *fault)
{
    const int code = run(getenv("LIB"), fault, under, sizeof under);
    runs++;
    if (code)
        fprintf(stderr, "%s: exit %d\n", fault, code);
    return same_output(plain[may_end(fault)], under, fault) && code == 0;
}

static int try_call(const char *name, size_t which, int all)
{
    char fault[100];
    int right = compare("cuInit:2=1");
    if (calls_of(name) == 0) {
        fprintf(stderr, "autopin never calls %s here\n", name);
        return 0;
    }
    for (size_t code = 0; code < sizeof codes / sizeof *codes; code++)
        for (size_t time = 0; time < TIMES; time++) {
            if (!all && time != (which + code) % TIMES)
                continue;
            snprintf(fault, sizeof fault, "%s:%s=%d", name, times[time], codes[code]);
            if (strcmp(fault, never_answered) == 0)
                continue;
            right &= compare(fault);
        }
    return right;
}

int main(int argc, char **argv)
{
    int right = 1;
    if (argc > 1 && strcmp(argv[1], "work") == 0)
        return work();
    const int all = getenv("FAIL_EVERY") != NULL;
    SAME(run(NULL, "cuCtxPushCurrent_v2:99999=1", plain[0], sizeof plain[0]), 0);
    SAME(run(NULL, "cuInit:2=1", plain[1], sizeof plain[1]), 0);
    for (size_t i = 0; i < sizeof always_made / sizeof *always_made; i++)
        SAME(calls_of(always_made[i]), 0); /* the program's own calls are others */
    const size_t n = sizeof always_made / sizeof *always_made;
    for (size_t i = 0; i < n; i++)
        right &= try_call(always_made[i], i, all);
    for (int i = 1; i < argc; i++)
        right &= try_call(argv[i], n + (size_t)i, all);
    printf("%u runs, %llu failures\n", runs, (unsigned long long)failures);
    CHECK(failures > runs / 2);
    SAME(straddles, 0);
    return !right;
}
