/* The report's copies and bytes, by direction and way, are what the program did. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    SMALL = 10000
};

static int work(void)
{
    static char foreign[100000];
    begin_client(100);
    const CUdeviceptr device = device_memory(BYTES);
    CUstream stream = new_stream();
    for (int i = 0; i < 3; i++)
        OK(cu.cuMemcpyHtoD_v2(device, foreign, sizeof foreign));
    OK(cu.cuMemcpyDtoHAsync_v2(foreign, device, 5000, stream));
    char *block = malloc(BYTES);
    OK(cu.cuMemcpyHtoD_v2(device, block, BYTES)); /* plain; pinned from now on */
    for (int i = 0; i < 5; i++)
        OK(cu.cuMemcpyHtoD_v2(device, block, BYTES - 1));
    OK(cu.cuMemcpyHtoDAsync_v2(device, block, 100000, stream));
    OK(cu.cuMemcpyAsync(device, (CUdeviceptr)(uintptr_t)block, 100000, stream));
    for (int i = 0; i < 4; i++)
        OK(cu.cuMemcpyHtoDAsync_v2(device, block + i, SMALL, stream));
    for (int i = 0; i < 3; i++)
        OK(cu.cuMemcpyDtoHAsync_v2(block, device, BYTES, stream));
    OK(cu.cuMemcpy((CUdeviceptr)(uintptr_t)block, device, 777));
    char *other = malloc(BYTES + 65536);
    OK(cu.cuMemcpyDtoH_v2(other, device, 4321)); /* plain */
    /* not counted: they fail */
    SAME(cu.cuMemcpyHtoD_v2(0, block, BYTES), CUDA_ERROR_INVALID_VALUE);
    SAME(cu.cuMemcpyDtoHAsync_v2(other, 0, BYTES, stream), CUDA_ERROR_INVALID_VALUE);
    SAME(cu.cuMemcpyHtoD_v2(0, foreign, 100), CUDA_ERROR_INVALID_VALUE);
    return 0;
}

/* The numbers of one way in one direction, in the totals that come before the sites. */
static void check_way(const char *json, const char *direction, const char *way, long long copies, long long bytes)
{
    char key[64];
    long long got_copies = -1, got_bytes = -1;
    snprintf(key, sizeof key, "\"%s\"", direction);
    const char *at = strstr(json, key);
    snprintf(key, sizeof key, "\"%s\"", way);
    at = at ? strstr(at, key) : NULL;
    const char *copies_at = at ? strstr(at, "\"copies\"") : NULL, *bytes_at = at ? strstr(at, "\"bytes\"") : NULL;
    CHECK(copies_at && bytes_at);
    sscanf(copies_at, "\"copies\" : %lld", &got_copies);
    sscanf(bytes_at, "\"bytes\" : %lld", &got_bytes);
    if (got_copies != copies || got_bytes != bytes) {
        fprintf(stderr, "%s %s: %lld copies, %lld bytes; expected %lld, %lld\n", direction, way, got_copies, got_bytes,
                copies, bytes);
        _exit(1);
    }
}

/* The first copy of all was a foreign one, and made the first point. */
static void check_history(const char *json)
{
    long long first = -1, regions = -1;
    const char *at = strstr(json, "\"history\""), *foreign = at ? strstr(at, "\"foreign\": {\"bytes\": [") : NULL;
    const char *pinned = at ? strstr(at, "\"pinned_regions\": [") : NULL;
    CHECK(foreign && pinned);
    sscanf(foreign, "\"foreign\": {\"bytes\": [%lld,", &first);
    sscanf(pinned, "\"pinned_regions\": [%lld,", &regions);
    CHECK(first == 100000);
    CHECK(regions == 0);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return work();
    const char *json = report_of_self("work");
    check_way(json, "host_to_device", "plain", 1, BYTES);
    check_way(json, "host_to_device", "direct", 7, 5 * (BYTES - 1) + 200000);
    check_way(json, "host_to_device", "snapshot", 4, 4 * SMALL);
    check_way(json, "host_to_device", "foreign", 3, 300000);
    check_way(json, "device_to_host", "plain", 1, 4321);
    check_way(json, "device_to_host", "direct", 4, 3 * BYTES + 777);
    check_way(json, "device_to_host", "snapshot", 0, 0);
    check_way(json, "device_to_host", "foreign", 1, 5000);
    check_history(json);
    CHECK(strstr(json, "\"simulated\": true") || strstr(json, "\"simulated\":true"));
    return 0;
}
