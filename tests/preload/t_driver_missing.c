/* A program that finds no driver, or a driver without a device, finds the same with autopin, and its memory works. */
#define _GNU_SOURCE
#include "sim_client.h"

static int work(void)
{
    void *driver = dlopen("libcuda.so.1", RTLD_NOW);
    printf("driver %d: %s\n", driver != NULL, driver ? "" : dlerror());
    printf("default scope %d\n", dlsym(RTLD_DEFAULT, "cuInit") != NULL);
    if (driver) {
        CUresult (*init)(unsigned) = (CUresult(*)(unsigned))dlsym(driver, "cuInit");
        CUresult (*copy)(CUdeviceptr, const void *, size_t) =
            (CUresult(*)(CUdeviceptr, const void *, size_t))dlsym(driver, "cuMemcpyHtoD_v2");
        char *block = malloc(MIB);
        printf("init %d copy %d\n", init(0), copy(4096, block, MIB));
        free(block);
    }
    for (int i = 0; i < 50; i++) {
        char *block = malloc(MIB + (size_t)i * 4096);
        fill(block, MIB, i);
        block = realloc(block, 2 * MIB);
        HOLDS(block, MIB, i);
        free(block);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static char plain[4096], pinned[4096];
    const char *const settings[] = {"LD_LIBRARY_PATH=/nowhere", "SIMCUDA_DEVICES=0", "SIMCUDA_FAIL=*:*=999"};
    (void)argv;
    if (argc > 1)
        return work();
    for (int i = 0; i < 3; i++) {
        SAME(run_self(NULL, "work", settings[i], plain, sizeof plain), 0);
        SAME(run_self(getenv("LIB"), "work", settings[i], pinned, sizeof pinned), 0);
        CHECK(same_output(plain, pinned, settings[i]));
        CHECK(strstr(plain, i == 0 ? "driver 0" : i == 1 ? "init 100" : "init 999"));
    }
    return 0;
}
