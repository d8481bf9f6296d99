/* Rule 32: where memory runs short while the program runs, what is least worth is unpinned, and what a copy is using is
 * not; every byte stays right, and nothing is left open.  Files of the test's own take the place of the kernel's. */
#define _GNU_SOURCE
#include "sim_client_staged.h"

#include <dirent.h>

#include "scripted_memory.h"

enum {
    BLOCKS = 4,
    BYTES = 8 * MIB,
    MIN_FREE_KIB = 1 << 20 /* as AUTOPIN_MIN_FREE */
};
static char *blocks[BLOCKS];
static CUdeviceptr device;

static unsigned open_files(void)
{
    unsigned n = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder))
        n++;
    closedir(folder);
    return n;
}

/* Each is worth more than the one before. */
static void pin_blocks(void)
{
    device = device_memory(BYTES);
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = promoted_block(BYTES, i);
    for (int copy = 0; copy < 20 * BLOCKS; copy++)
        for (int times = 0; times <= copy % BLOCKS; times++)
            OK(cu.cuMemcpyHtoD_v2(device, blocks[copy % BLOCKS], 128 * KIB));
    SAME(sim->registered_bytes, BLOCKS * BYTES);
}

/* The test's alarm ends a wait that is in vain. */
static void wait_until_pinned(uint64_t bytes)
{
    while (sim->registered_bytes != bytes)
        nap_ms(5);
}

static int is_direct(char *block)
{
    const uint64_t before = sim->copies[SIM_H2D][1][0];
    OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
    return sim->copies[SIM_H2D][1][0] > before;
}

static void check_all(void)
{
    for (int i = 0; i < BLOCKS; i++) {
        HOLDS(blocks[i], BYTES, i);
        OK(cu.cuMemcpyHtoD_v2(device, blocks[i], BYTES));
        DEVICE_HOLDS(device, BYTES, i);
    }
    SAME(sim->violations, 0);
}

/* 12 MiB too little: the two that are worth least go, and nothing takes their place. */
static void min_free(void)
{
    pin_blocks();
    available(MIN_FREE_KIB - (12 << 10));
    wait_until_pinned(2 * BYTES);
    available(MIN_FREE_KIB);
    CHECK(is_direct(blocks[2]) && is_direct(blocks[3]));
    CHECK(!is_direct(blocks[0]) && !is_direct(blocks[1]));
    char *other = malloc(BYTES);
    memset(other, 1, BYTES);
    for (int i = 0; i < 3; i++)
        CHECK(!is_direct(other) || sim->registered_bytes <= 2 * BYTES);
    CHECK(sim->registered_bytes <= 2 * BYTES);
    check_all();
}

/* For one look, or more would go if this thread were slow. */
static void waiting(const char *path, const char *some, const char *full, int left)
{
    char once[128];
    snprintf(once, sizeof once, "%s.once", path);
    pin_blocks();
    pressure(path, "0.00", "0.00");
    pressure(once, some, full);
    wait_until_pinned((uint64_t)left * BYTES);
    nap_ms(200);
    SAME(sim->registered_bytes, left * BYTES);
    CHECK(is_direct(blocks[BLOCKS - 1]));
    check_all();
}

/* What is freed goes before what the program holds, and its memory with it. */
static void freed(void)
{
    unsigned char there[BYTES / 4096];
    pin_blocks();
    free(blocks[BLOCKS - 1]);
    SAME(sim->registered_bytes, BLOCKS * BYTES);
    available(MIN_FREE_KIB - 1);
    wait_until_pinned((BLOCKS - 1) * BYTES);
    for (int i = 0; i < BLOCKS - 1; i++)
        CHECK(is_direct(blocks[i]));
    if (mincore(blocks[BLOCKS - 1], BYTES, there) == 0)
        for (size_t i = 0; i < sizeof there; i++)
            CHECK(!(there[i] & 1));
}

static unsigned looks(void)
{
    return *(_Atomic unsigned *)dlsym(RTLD_DEFAULT, "scripted_looks");
}

static CUcontext context;
static CUstream stream;

static void *long_copy(void *unused)
{
    (void)unused;
    OK(cu.cuCtxSetCurrent(context));
    OK(cu.cuMemcpyDtoHAsync_v2(blocks[0], device, BYTES, stream)); /* waits behind the gate */
    HOLDS(blocks[0], BYTES, 9);
    return NULL;
}

/* There is nothing to spare at all, but the block that is worth least is in use. */
static void in_flight(void)
{
    static struct gate gate;
    pthread_t copier;
    pin_blocks();
    stream = new_stream();
    fill((void *)(uintptr_t)device, BYTES, 9);
    block_stream(stream, &gate);
    const uint64_t async = sim->copies[SIM_D2H][1][1];
    SAME(pthread_create(&copier, NULL, long_copy, NULL), 0);
    while (sim->copies[SIM_D2H][1][1] == async)
        nap_ms(1);
    const unsigned before = looks();
    available(0);
    while (looks() == before)
        nap_ms(5);
    nap_ms(200); /* the driver may let no other block go either until the copy has ended */
    CHECK(sim->registered_bytes >= BYTES);
    atomic_store(&gate.open, 1);
    pthread_join(copier, NULL);
    wait_until_pinned(0);
    SAME(sim->violation[SIM_V_BUSY_UNREGISTER], 0);
    SAME(sim->violations, 0);
}

/* The slots of staged copies go too. */
static void staged(void)
{
    char *foreign = mapped(BYTES);
    device = device_memory(BYTES);
    fill(foreign, BYTES, 3);
    CHECK(goes_staged(0, foreign, device, BYTES, NULL));
    CHECK(sim->registered_bytes > 0);
    available(0);
    wait_until_pinned(0);
    memset((void *)(uintptr_t)device, 0, BYTES);
    CHECK(!goes_staged(0, foreign, device, BYTES, NULL));
    DEVICE_HOLDS(device, BYTES, 3);
    SAME(sim->violations, 0);
}

/* With all switched off it looks at nothing, and gives nothing back. */
static void never(void)
{
    pin_blocks();
    available(0);
    pressure("/proc/pressure/memory", "100.00", "100.00");
    nap_ms(2500);
    SAME(sim->registered_bytes, BLOCKS * BYTES);
}

static uint64_t number_in(const char *json, const char *key)
{
    const char *at = strstr(json, key);
    CHECK(at);
    return strtoull(at + strlen(key), NULL, 10);
}

static void preload_both(void)
{
    char both[512];
    snprintf(both, sizeof both, "%s %s/tests/plugin_scripted_memory.so", getenv("LIB"), getenv("BUILD"));
    setenv("LIB", both, 1);
}

static int report(void)
{
    preload_both();
    const char *json = report_of_self("min_free");
    SAME(number_in(json, "\"lowered_min_free\": "), 1);
    SAME(number_in(json, "\"lowered_pressure\": "), 0);
    SAME(number_in(json, "\"given_back_bytes\": "), 2 * BYTES);
    SAME(number_in(json, "\"cap_least_bytes\": "), BLOCKS * BYTES - 12 * MIB);
    SAME(number_in(json, "\"cap_now_bytes\": "), BLOCKS * BYTES - 12 * MIB);
    SAME(number_in(json, "\"cap_bytes\": "), 4ull << 30);
    CHECK(number_in(json, "\"memory_low\": ") > 0);
    return 0;
}

static void expect_cap(const char *setting, const char *run, uint64_t bytes)
{
    setenv("AUTOPIN_MAX_PINNED", setting, 1);
    SAME(number_in(report_of_self(run), "\"cap_bytes\": "), bytes);
}

/* Bytes, and percentages of RAM or of the cgroup's limit. */
static int shares(void)
{
    preload_both();
    expect_cap("48M", "one", 48ull * MIB);
    expect_cap("12.5%", "one", 2ull << 30);
    expect_cap("12.5%", "one in a group", 50ull * MIB);
    expect_cap("48M", "one in a group", 48ull * MIB);
    expect_cap("1G", "one in a group", 400ull * MIB);
    return 0;
}

static void one(void)
{
    device = device_memory(BYTES);
    promoted_block(BYTES, 1);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "report") == 0)
        return report();
    if (strcmp(what, "shares") == 0)
        return shares();
    available(8 << 20);
    pressure("/proc/pressure/memory", "0.00", "0.00");
    put("/proc/self/cgroup", strcmp(what, "one") == 0 ? "" : "0::/job\n");
    if (strcmp(what, "one in a group") == 0) {
        put("/sys/fs/cgroup/job/memory.max", "419430400\n");
        put("/sys/fs/cgroup/job/memory.current", "1048576\n");
    }
    context = begin_client(100);
    const unsigned files = open_files();
    if (strcmp(what, "min_free") == 0)
        min_free();
    else if (strcmp(what, "some") == 0)
        waiting("/proc/pressure/memory", "10.00", "9.99", 3);
    else if (strcmp(what, "full") == 0)
        waiting("/proc/pressure/memory", "35.50", "10.00", 2);
    else if (strcmp(what, "group") == 0)
        waiting("/sys/fs/cgroup/job/memory.pressure", "12.34", "0.00", 3);
    else if (strcmp(what, "freed") == 0)
        freed();
    else if (strcmp(what, "in_flight") == 0)
        in_flight();
    else if (strcmp(what, "staged") == 0)
        staged();
    else if (strcmp(what, "never") == 0)
        never();
    else if (strncmp(what, "one", 3) == 0)
        one();
    else
        SAME(argc, 0);
    SAME(open_files(), files);
    return 0;
}
