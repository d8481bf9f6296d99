/* Cases: fault injection, modelled time, devices and attributes, the state file and its reader.  Owns nothing. */
#define _GNU_SOURCE
#include "selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static void faults(void)
{
    begin();
    unsigned char *p = pages(4096, 0);
    CUdeviceptr d = device(4096);
    CUevent e;
    OK(cu.cuEventCreate(&e, 0));
    for (int i = 1; i <= 4; i++) {
        SAME(cu.cuMemHostRegister_v2(p, 4096, 0), i == 3 ? 2 : 0);
        SAME(cu.cuMemHostUnregister(p), i == 3 ? 713 : 0);
    }
    for (int i = 1; i <= 6; i++)
        SAME(cu.cuEventQuery(e), i >= 2 && i <= 5 ? 700 : 0);
    for (int i = 1; i <= 3; i++)
        SAME(cu.cuMemcpyHtoDAsync_v2(d, p, 16, NULL), 1);
    for (int i = 1; i <= 3; i++)
        SAME(cu.cuStreamQuery(NULL), i >= 2 ? 999 : 0);
    SAME(state->faults_injected, 1 + 4 + 3 + 2);
}

static uint64_t query_failures(uint64_t calls)
{
    uint64_t failed = 0;
    for (uint64_t i = 0; i < calls; i++) {
        const CUresult rc = cu.cuStreamQuery(NULL);
        CHECK(rc == 0 || rc == 999);
        failed += rc == 999;
    }
    return failed;
}

/* One of 20, give or take; one of none is not a rule. */
static void random_faults(void)
{
    begin();
    const uint64_t failed = query_failures(20000);
    CHECK(failed > 800 && failed < 1200);
    SAME(state->faults_injected, failed);
    OK(cu.cuCtxSynchronize());
}

static void everything_fails(void)
{
    const char *name;
    int n;
    SAME(cu.cuInit(0), 999);
    SAME(cu.cuDeviceGetCount(&n), 999);
    SAME(cu.cuGetErrorName(1, &name), 999);
}

static void bad_rules_are_ignored(void)
{
    begin(); /* the one good rule among them holds */
    SAME(cu.cuCtxSynchronize(), 5);
}

static double copy_us(unsigned char *p, CUdeviceptr d, bool to_host, size_t bytes)
{
    uint64_t from = now_ns();
    if (to_host)
        OK(cu.cuMemcpyDtoH_v2(p, d, bytes));
    else
        OK(cu.cuMemcpyHtoD_v2(d, p, bytes));
    return (double)(now_ns() - from) / 1e3;
}

enum {
    TIMED_ROUNDS = 20,
    TIMED_MOST = 2000,
    TIMED_BYTES = 4 * MIB
};

static bool near_model(double best[2][2])
{
    return best[1][0] < 1148.5 * 4 && best[1][1] < 1148.5 * 4 && best[0][0] < 4294.3 * 4 && best[0][1] < 4294.3 * 4;
}

/* 1 GB/s pageable, 4 GB/s pinned, 100 us each: no copy is faster, and one of many (as many as it takes) is hardly
 * slower.
 */
static void modelled_rates(void)
{
    begin();
    double best[2][2] = {{1e9, 1e9}, {1e9, 1e9}};
    unsigned char *p[2] = {pages(TIMED_BYTES, 1), pages(TIMED_BYTES, 1)};
    CUdeviceptr d = device(TIMED_BYTES);
    OK(cu.cuMemHostRegister_v2(p[1], TIMED_BYTES, 0));
    int rounds = 0;
    for (; rounds < TIMED_ROUNDS || (rounds < TIMED_MOST && !near_model(best)); rounds++) {
        for (int k = 0; k < 4; k++) {
            double us = copy_us(p[k & 1], d, k & 2, TIMED_BYTES);
            CHECK(us >= (k & 1 ? 1048.5 : 4194.3) + 100);
            best[k & 1][k >> 1] = us < best[k & 1][k >> 1] ? us : best[k & 1][k >> 1];
        }
    }
    CHECK(near_model(best));
    SAME(state->modelled_ns[SIM_D2H][1] / (uint64_t)rounds / 1000, 1048 + 100);
}

/* Two streams share the modelled link of one direction. */
static void modelled_link_is_shared(void)
{
    begin();
    CUstream s = stream(1), t = stream(1);
    unsigned char *p = pages(8 * MIB, 1);
    CUdeviceptr d = device(8 * MIB);
    OK(cu.cuMemHostRegister_v2(p, 8 * MIB, 0));
    for (int i = 0; i < 4; i++) {
        uint64_t from = now_ns();
        OK(cu.cuMemcpyHtoDAsync_v2(d, p, 4 * MIB, s));
        OK(cu.cuMemcpyHtoDAsync_v2(d + 4 * MIB, p + 4 * MIB, 4 * MIB, t));
        OK(cu.cuCtxSynchronize());
        CHECK((double)(now_ns() - from) / 1e3 >= 2 * 4194.3);
    }
}

static void no_data(void)
{
    unsigned char *p = pages(MIB, 1), *q = pages(MIB, 0);
    begin();
    CUdeviceptr d = device(MIB);
    OK(cu.cuMemcpyHtoD_v2(d, p, MIB));
    OK(cu.cuMemcpyDtoH_v2(q, d, MIB));
    CHECK(filled(q, MIB, 0));
    SAME(state->bytes[SIM_D2H][0][0], MIB);
    SAME(state->violations, 0);
}

static void modelled_register(void)
{
    begin();
    unsigned char *p = pages(4 * MIB, 1);
    uint64_t from = now_ns();
    OK(cu.cuMemHostRegister_v2(p, 4 * MIB, 0));
    CHECK(now_ns() - from >= 4 * 5000 * 1000ull);
}

static void devices(void)
{
    int n = 0, value = 7;
    CUcontext ctx;
    OK(cu.cuInit(0));
    OK(cu.cuDeviceGetCount(&n));
    SAME(n, 3);
    OK(cu.cuCtxCreate_v2(&ctx, 0, 2));
    SAME(cu.cuCtxCreate_v2(&ctx, 0, 3), 101);
    OK(cu.cuDeviceGetAttribute(&value, 99, 1));
    SAME(value, 0);
    OK(cu.cuDeviceGetAttribute(&value, 100, 1));
    SAME(value, 1);
    OK(cu.cuDeviceGetAttribute(&value, 41, 1));
    SAME(value, 1);
}

static void no_device(void)
{
    SAME(cu.cuInit(0), CUDA_ERROR_NO_DEVICE);
}

static int simstat(const char *key, long long *value)
{
    char command[8300], text[64] = "";
    const char *slash = strrchr(driver_path, '/');
    int n = slash ? (int)(slash - driver_path) : 1;
    snprintf(command, sizeof command, "%.*s/simstat \"$SIMCUDA_STATE\" %s 2>/dev/null", n, slash ? driver_path : ".",
             key);
    FILE *f = popen(command, "r");
    if (f && fgets(text, sizeof text, f))
        *value = atoll(text);
    int status = f ? pclose(f) : -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void state_file(void)
{
    long long value = -1;
    begin();
    unsigned char *p = pages(8192, 0);
    OK(cu.cuMemHostRegister_v2(p, 8192, 0));
    SAME(simstat("registered_bytes", &value), 0);
    SAME(value, 8192);
    SAME(simstat("call_cuMemHostRegister_v2", &value), 0);
    SAME(value, 1);
    SAME(simstat("call_cuMemHostRegister", &value), 0);
    SAME(value, 0);
    SAME(simstat("violation_leaked_registration", &value), 0);
    SAME(value, 0);
    SAME(simstat("no_such_key", &value), 2);
}

const struct test_case config_cases[] = {
    {"faults",
     faults,
     {"SIMCUDA_FAIL=cuMemHostRegister_v2:3=2,cuMemcpyHtoDAsync_v2:*=1,cuEventQuery:2-5=700,cuStreamQuery:2-=999"},
     0},
    {"random_faults", random_faults, {"SIMCUDA_FAIL=cuStreamQuery:/20=999,cuCtxSynchronize:/0=1", "SIMCUDA_SEED=1"}, 0},
    {"everything_fails", everything_fails, {"SIMCUDA_FAIL=*:*=999"}, 0},
    {"bad_rules_are_ignored",
     bad_rules_are_ignored,
     {"SIMCUDA_FAIL=cuNope:1=2,cuInit:0=2,cuInit:x=2,cuInit:3-2=1,cuInit,cuInit:1=0,cuCtxSynchronize:*=5"},
     0},
    {"modelled_rates",
     modelled_rates,
     {"SIMCUDA_PAGEABLE_GBPS=1", "SIMCUDA_PINNED_GBPS=4", "SIMCUDA_LATENCY_US=100"},
     0},
    {"modelled_link_is_shared", modelled_link_is_shared, {"SIMCUDA_PINNED_GBPS=1"}, 0},
    {"no_data", no_data, {"SIMCUDA_DATA=0"}, 0},
    {"modelled_register", modelled_register, {"SIMCUDA_REGISTER_US_PER_MIB=5000"}, 0},
    {"devices", devices, {"SIMCUDA_DEVICES=3", "SIMCUDA_ATTR=99=0,100=1"}, 0},
    {"no_device", no_device, {"SIMCUDA_DEVICES=0"}, 0},
    {"state_file", state_file, {0}, 0},
    {0},
};
