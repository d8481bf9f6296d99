/* Self test of the simulated driver: every promise and every violation, each in a process of its own.
 *
 * usage: selftest LIBCUDA [DATA_FOLDER]     exit 0: all held.  One line per failed check on stderr. */
#define _GNU_SOURCE
#include "selftest.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct driver cu;
struct sim_state *state;
void *driver_handle;
const char *program_path, *driver_path, *data_folder = "tests/data";
static atomic_int failures;
static const char *case_name;

enum {
    TIMEOUT_S = 60
};

void check_failed(const char *file, int line, const char *what, long long got, long long want)
{
    fprintf(stderr, "FAIL %s: %s:%d: %s is %lld, not %lld\n", case_name, file, line, what, got, want);
    atomic_fetch_add(&failures, 1);
}

static void load_driver(void)
{
    driver_handle = dlopen(driver_path, RTLD_NOW);
    if (!driver_handle) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
#define X(name, params) cu.name = (CUresult(*) params)dlsym(driver_handle, #name);
    FUNCTIONS(X)
#undef X
    int fd = open(getenv("SIMCUDA_STATE"), O_RDWR | O_CLOEXEC);
    state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || state == MAP_FAILED) {
        fprintf(stderr, "no state file\n");
        exit(1);
    }
    close(fd);
}

CUcontext begin(void)
{
    CUcontext ctx = NULL;
    OK(cu.cuInit(0));
    OK(cu.cuCtxCreate_v2(&ctx, 0, 0));
    return ctx;
}

unsigned char *pages(size_t bytes, int fill)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    return memset(p, fill, bytes);
}

CUdeviceptr device(size_t bytes)
{
    CUdeviceptr d = 0;
    OK(cu.cuMemAlloc_v2(&d, bytes));
    return d;
}

CUstream stream(unsigned flags)
{
    CUstream s = NULL;
    OK(cu.cuStreamCreate(&s, flags));
    return s;
}

bool filled(const void *p, size_t bytes, int with)
{
    const unsigned char *b = p;
    for (size_t i = 0; i < bytes; i++)
        if (b[i] != (unsigned char)with)
            return false;
    return true;
}

uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void nap_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static void hold(void *data)
{
    struct gate *g = data;
    atomic_store(&g->entered, true);
    while (!atomic_load(&g->open))
        nap_ms(1);
}

void block_stream(CUstream s, struct gate *g)
{
    OK(cu.cuLaunchHostFunc(s, hold, g));
    while (!atomic_load(&g->entered))
        nap_ms(1);
}

void open_gate(struct gate *g)
{
    atomic_store(&g->open, true);
}

static void *run_task(void *data)
{
    struct task *t = data;
    if (t->ctx)
        OK(cu.cuCtxSetCurrent(t->ctx));
    t->function(t);
    atomic_store(&t->done, true);
    return NULL;
}

void start(struct task *t, void (*function)(struct task *))
{
    t->function = function;
    pthread_create(&t->thread, NULL, run_task, t);
}

void join(struct task *t)
{
    pthread_join(t->thread, NULL);
}

bool finishes(struct task *t, int within_ms)
{
    for (int i = 0; i < within_ms && !atomic_load(&t->done); i++)
        nap_ms(1);
    return atomic_load(&t->done);
}

static const struct test_case *const groups[] = {memory_cases, stream_cases, capture_cases, safety_cases, config_cases};

static int run_case(const char *name)
{
    case_name = name;
    alarm(TIMEOUT_S);
    load_driver();
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
        for (const struct test_case *c = groups[g]; c->name; c++)
            if (strcmp(c->name, name) == 0)
                c->run();
    return failures != 0;
}

static bool spawn_case(const struct test_case *c, const char *state_path)
{
    int status;
    unlink(state_path);
    pid_t pid = fork();
    if (pid == 0) {
        setenv("SIMCUDA_STATE", state_path, 1);
        for (size_t i = 0; i < 5 && c->env[i]; i++)
            putenv((char *)(uintptr_t)c->env[i]);
        if (!getenv("SELFTEST_VERBOSE") && freopen("/dev/null", "w", stdout) == NULL)
            _exit(1);
        execl(program_path, "selftest", driver_path, data_folder, "--case", c->name, (char *)NULL);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    bool good = WIFEXITED(status) && WEXITSTATUS(status) == c->status;
    if (!good)
        fprintf(stderr, "FAIL %s: %s %d\n", c->name, WIFSIGNALED(status) ? "killed by signal" : "exit status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return good;
}

int main(int argc, char **argv)
{
    char self[4096] = {0}, state_path[] = "/tmp/simcuda-selftest-XXXXXX";
    if (argc < 2 || readlink("/proc/self/exe", self, sizeof self - 1) < 0) {
        fprintf(stderr, "usage: selftest LIBCUDA [DATA_FOLDER]\n");
        return 2;
    }
    program_path = self;
    driver_path = argv[1];
    data_folder = argc > 2 ? argv[2] : data_folder;
    if (argc > 4)
        return run_case(argv[4]);
    int cases = 0, failed = 0, fd = mkstemp(state_path);
    if (fd >= 0)
        close(fd);
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        for (const struct test_case *c = groups[g]; c->name; c++, cases++)
            failed += !spawn_case(c, state_path);
    }
    unlink(state_path);
    printf("simulated driver: %d cases, %d failed\n", cases, failed);
    return failed != 0;
}
