/* Rule 34: whichever of autopin's own driver calls fails, with whatever code, once or always: the program's results and
 * bytes are those of a run without autopin.  When all calls fail, its own fail alike. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 512 * KIB,
    BLOCKS = 3
};

static void say(const char *what, CUresult result, const void *bytes, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, (const char *)bytes + i, 8);
        sum = sum * 31 + word;
    }
    printf("%s: %d %016llx\n", what, result, (unsigned long long)sum);
}

/* Asks only for calls that autopin does not make itself, so that both runs count the same calls. */
static int work(void)
{
    CUcontext context = NULL;
    CUdeviceptr device = 0;
    CUstream stream = NULL;
    char *blocks[BLOCKS];
    alarm(100);
    bind_driver();
    say("init", cu.cuInit(0), NULL, 0);
    say("context", cu.cuCtxCreate_v2(&context, 0, 0), NULL, 0);
    say("memory", cu.cuMemAlloc_v2(&device, BYTES), NULL, 0);
    say("stream", cu.cuStreamCreate(&stream, 1), NULL, 0);
    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            if (round % 4 == 0)
                blocks[i] = malloc(BYTES);
            fill(blocks[i], BYTES, round + i);
            say("h2d", cu.cuMemcpyHtoD_v2(device, blocks[i], BYTES), blocks[i], BYTES);
            say("h2d async", cu.cuMemcpyHtoDAsync_v2(device, blocks[i], BYTES, stream), NULL, 0);
            say("h2d small", cu.cuMemcpyHtoDAsync_v2(device + 64, blocks[i], 4096, stream), NULL, 0);
            memset(blocks[i], 0, BYTES);
            const CUresult result = cu.cuMemcpyDtoHAsync_v2(blocks[i], device, BYTES, stream);
            say("d2h async", result, blocks[i], BYTES);
            say("wait", cu.cuStreamSynchronize(stream), NULL, 0);
            say("d2h", cu.cuMemcpyDtoH_v2(blocks[i], device, BYTES), blocks[i], BYTES);
            if (round % 4 == 3)
                free(blocks[i]);
        }
        nap_ms(round == 4 ? 15 : 0); /* failures are tried again */
    }
    if (!strstr(getenv("SIMCUDA_FAIL"), "Unregister")) /* else its registrations would be left over */
        say("end", cu.cuCtxDestroy_v2(context), NULL, 0);
    return 0;
}

static const char *const calls[] = {"cuMemHostRegister_v2:1", "cuMemHostRegister_v2:2", "cuMemHostRegister_v2:3-4",
                                    "cuMemHostRegister_v2:*"};
static const int codes[] = {1, 2, 201, 712, 800, 801, 999};
static const char *const others[] = {"cuCtxGetCurrent:*=999",
                                     "cuCtxGetDevice:*=999",
                                     "cuCtxPushCurrent_v2:*=201",
                                     "cuCtxPopCurrent_v2:*=201",
                                     "cuDeviceGetAttribute:*=1",
                                     "cuThreadExchangeStreamCaptureMode:*=1",
                                     "cuDriverGetVersion:*=999",
                                     "cuDeviceGetName:*=999",
                                     "cuStreamIsCapturing:*=999",
                                     "cuMemHostUnregister:*=999",
                                     "cuMemHostUnregister:1-2=999",
                                     "*:*=999",
                                     "cuInit:*=100",
                                     "cuMemcpyHtoD_v2:3-6=700",
                                     "cuMemcpyDtoHAsync_v2:*=999",
                                     "cuMemAlloc_v2:*=2"};

static char plain[1 << 16], pinned[1 << 16];

static int compare(const char *fault)
{
    char setting[128];
    snprintf(setting, sizeof setting, "SIMCUDA_FAIL=%s", fault);
    const int plain_exit = run_self(NULL, "work", setting, plain, sizeof plain);
    const int pinned_exit = run_self(getenv("LIB"), "work", setting, pinned, sizeof pinned);
    if (plain_exit != pinned_exit)
        fprintf(stderr, "%s: exit %d, with autopin %d\n", fault, plain_exit, pinned_exit);
    return same_output(plain, pinned, fault) && plain_exit == pinned_exit;
}

int main(int argc, char **argv)
{
    int right = 1;
    char fault[100];
    (void)argv;
    if (argc > 1)
        return work();
    right &= compare("cuInit:2=1"); /* no fault at all; the counters exist from now on */
    map_state();
    for (size_t call = 0; call < sizeof calls / sizeof *calls; call++)
        for (size_t code = 0; code < sizeof codes / sizeof *codes; code++) {
            const uint64_t unregistered = sim->unregister_calls;
            snprintf(fault, sizeof fault, "%s=%d", calls[call], codes[code]);
            right &= compare(fault);
            if (call == 3)
                SAME(sim->unregister_calls, unregistered); /* what could not be registered is not unregistered */
        }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        right &= compare(others[i]);
    CHECK(sim->faults_injected > 100);
    CHECK(sim->copies[SIM_D2H][1][1] > 0);
    SAME(sim->straddles, 0);
    return !right;
}
