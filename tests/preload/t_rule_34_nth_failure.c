/* Rule 34: whichever service of the system fails autopin, at whichever time, or from then on: the program's results are
 * those of a run without autopin.
 *
 * Arguments: the kinds of service that must be used.  Ever fewer of the times are tried, unless FAIL_EVERY is set. */
#define _GNU_SOURCE
#include "sim_client.h"

#include <errno.h>

#include "fail_nth.h"

enum {
    BLOCKS = 5,
    ROUNDS = 2
};

static uint64_t sum_of(const void *bytes, size_t n)
{
    uint64_t sum = 0, word;
    for (size_t i = 0; i + 8 <= n; i += 8) {
        memcpy(&word, (const char *)bytes + i, 8);
        sum = sum * 31 + word;
    }
    return sum;
}

static void say(const char *what, long long result, const void *bytes, size_t n)
{
    printf("%s: %lld %016llx\n", what, result, (unsigned long long)sum_of(bytes, n));
}

static const size_t sizes[BLOCKS] = {100 * KIB, 256 * KIB, 768 * KIB, 2 * MIB, 12 * MIB};

/* Memory alone: what is in it, and that errno is left alone. */
static void allocate(int round)
{
    char *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        const size_t bytes = i == BLOCKS - 1 && round % 2 ? sizes[i] / 4 : sizes[i];
        errno = 7;
        blocks[i] = i % 2 ? calloc(1, bytes) : malloc(bytes);
        say("errno", errno, blocks[i], i % 2 ? bytes : 0);
        fill(blocks[i], bytes, (uint64_t)(round * BLOCKS + i));
        blocks[i] = realloc(blocks[i], bytes * 2);
        say("grown", blocks[i] != NULL, blocks[i], bytes);
        if (i == 2) {
            char *page = blocks[i] + 4096 - (uintptr_t)blocks[i] % 4096;
            say("dropped", madvise(page, 65536, MADV_DONTNEED), page, 65536);
            fill(blocks[i], bytes, (uint64_t)round);
            say("locked", mlock(blocks[i], 4096), blocks[i], bytes);
            say("unlocked", munlock(blocks[i], 4096), blocks[i], bytes);
        }
        blocks[i] = realloc(blocks[i], bytes * 3 / 2);
        say("shrunk", blocks[i] != NULL, blocks[i], bytes);
    }
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

static void copy(CUcontext context, CUstream stream, CUdeviceptr device, int round)
{
    char *blocks[BLOCKS - 1];
    for (int i = 0; i < BLOCKS - 1; i++) {
        blocks[i] = malloc(sizes[i]);
        for (int again = 0; again < 3; again++) {
            fill(blocks[i], sizes[i], (uint64_t)(round + i + again));
            say("h2d", cu.cuMemcpyHtoD_v2(device, blocks[i], sizes[i]), blocks[i], sizes[i]);
            say("h2d async", cu.cuMemcpyHtoDAsync_v2(device, blocks[i], sizes[i], stream), NULL, 0);
            say("small", cu.cuMemcpyHtoDAsync_v2(device + 64, blocks[i], 4096, stream), NULL, 0);
            say("wait", cu.cuCtxSynchronize(), NULL, 0);
            memset(blocks[i], 0, sizes[i]);
            const CUresult result = cu.cuMemcpyDtoHAsync_v2(blocks[i], device, sizes[i], stream);
            say("wait", cu.cuCtxSynchronize(), NULL, 0);
            say("d2h async", result, blocks[i], sizes[i]);
        }
    }
    say("register", cu.cuMemHostRegister_v2(blocks[1], sizes[1], 0), NULL, 0);
    say("unregister", cu.cuMemHostUnregister(blocks[1]), NULL, 0);
    for (int i = 0; i < BLOCKS - 1; i++)
        free(blocks[i]);
    (void)context;
}

static void fork_one(int round)
{
    int status = -1;
    char *block = malloc(MIB);
    fill(block, MIB, (uint64_t)round);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        char *own = malloc(3 * MIB);
        memcpy(own, block, MIB);
        own = realloc(own, 5 * MIB);
        const int rest = (int)(sum_of(own, MIB) % 100);
        free(own);
        free(block);
        _exit(rest);
    }
    waitpid(child, &status, 0);
    say("child", status, block, MIB);
    free(block);
}

static int work(void)
{
    CUcontext context = NULL;
    CUdeviceptr device = 0;
    CUstream stream = NULL;
    alarm(100);
    for (int round = 0; round < ROUNDS; round++)
        allocate(round);
    fork_one(0);
    if (!getenv("SIMCUDA_STATE"))
        return 0;
    bind_driver();
    say("init", cu.cuInit(0), NULL, 0);
    say("context", cu.cuCtxCreate_v2(&context, 0, 0), NULL, 0);
    say("memory", cu.cuMemAlloc_v2(&device, 4 * MIB), NULL, 0);
    say("stream", cu.cuStreamCreate(&stream, 1), NULL, 0);
    for (int round = 0; round < ROUNDS; round++) {
        copy(context, stream, device, round);
        fork_one(round);
    }
    say("end", cu.cuCtxDestroy_v2(context), NULL, 0);
    allocate(ROUNDS);
    return 0;
}

static char plain[1 << 16], under[1 << 16];
static struct fail_state *state;

static const char *state_file(void)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/fail_state", getenv("TMP"));
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    SAME(ftruncate(fd, sizeof *state), 0);
    state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(state != MAP_FAILED);
    close(fd);
    return path;
}

/* One run with a failure; returns whether it was right.  *came: whether the failure has come. */
static int compare(const char *kind, unsigned nth, int from_then_on, int *came)
{
    char setting[64], preload[512];
    snprintf(setting, sizeof setting, "FAIL_NTH=%s:%u%s", kind, nth, from_then_on ? "-" : "");
    snprintf(preload, sizeof preload, "%s/tests/plugin_fail_nth.so:%s", getenv("BUILD"), getenv("LIB"));
    memset(state, 0, sizeof *state);
    const int code = run_self(preload, "work", setting, under, sizeof under);
    if (code)
        fprintf(stderr, "%s: exit %d\n", setting, code);
    *came = state->failed > 0;
    return same_output(plain, under, setting) && code == 0;
}

static const char *const kinds[] = {FAIL_KINDS};

/* Whether the last run has used each kind of service that it must use. */
static int uses_all(int argc, char **argv)
{
    int all = 1;
    for (int i = 1; i < argc; i++)
        for (int kind = 0; kind < FAIL_N_KINDS; kind++)
            all &= strcmp(kinds[kind], argv[i]) != 0 || state->calls[kind] > 0;
    return all;
}

int main(int argc, char **argv)
{
    int right = 1, came;
    unsigned runs = 0;
    const int all = getenv("FAIL_EVERY") != NULL;
    if (argc > 1 && strcmp(argv[1], "work") == 0)
        return work();
    setenv("FAIL_STATE", state_file(), 1);
    SAME(run_self(NULL, "work", NULL, plain, sizeof plain), 0);
    right &= compare("none", 0, 0, &came);
    for (int i = 0; i < 20 && !uses_all(argc, argv); i++) /* a worker may come too late for a short life */
        right &= compare("none", 0, 0, &came);
    for (int i = 1; i < argc; i++)
        for (int kind = 0; kind < FAIL_N_KINDS; kind++)
            if (strcmp(kinds[kind], argv[i]) == 0 && state->calls[kind] == 0) {
                fprintf(stderr, "no %s at all\n", kinds[kind]);
                right = 0;
            }
    for (int kind = 0; kind < FAIL_N_KINDS; kind++) {
        printf("%s: %u calls\n", kinds[kind], state->calls[kind]);
        const unsigned calls = state->calls[kind];
        for (unsigned nth = 1, step = 1; nth <= 2 * calls; nth += step, runs += 2) {
            right &= compare(kinds[kind], nth, 0, &came);
            if (!came)
                break;
            right &= compare(kinds[kind], nth, 1, &came);
            step = all ? 1 : nth / 3 + 1;
        }
        memset(state, 0, sizeof *state);
        right &= compare("none", 0, 0, &came); /* for the next kind's number of calls */
    }
    printf("%u runs with a failure\n", runs);
    CHECK(runs > 10);
    return !right;
}
