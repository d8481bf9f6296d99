/* Rule 4: everything that a real runtime requests of cuGetProcAddress_v2 has the same result and the same version with
 * autopin as without, and is a hook exactly when that export is in the table. */
#define _GNU_SOURCE
#include "sim_client.h"
#include "sim_client_hooked.h"

/* One request: as the runtime makes it, without a status; and once more with one. */
static void request(CUresult (*look_up)(const char *, void **, int, cuuint64_t, int *), const char *name, int version,
                    unsigned long flags)
{
    void *const untouched = &cu;
    void *found = untouched, *again = untouched;
    int status = -7;
    const CUresult result = look_up(name, &found, version, flags, NULL);
    SAME(look_up(name, &again, version, flags, &status), result);
    CHECK(found == again);
    if (result != CUDA_SUCCESS) {
        printf("%s %d %lu: %d status %d touched %d\n", name, version, flags, result, status, found != untouched);
        return;
    }
    printf("%s %d %lu: %d status %d %s\n", name, version, flags, result, status, export_name(found));
    if (getenv("LD_PRELOAD"))
        SAME(is_autopin(found), is_hooked(export_name(found)));
    if (!is_autopin(found))
        CHECK(found == dlsym(driver_handle, export_name(found)));
}

static int replay(void)
{
    char line[256];
    int n = 0;
    driver_handle = dlopen("libcuda.so.1", RTLD_NOW);
    CHECK(driver_handle);
    CUresult (*look_up)(const char *, void **, int, cuuint64_t, int *) =
        (CUresult(*)(const char *, void **, int, cuuint64_t, int *))dlsym(driver_handle, "cuGetProcAddress_v2");
    CHECK(look_up);
    FILE *requests = fopen("tests/data/cudart13_requests.txt", "r");
    CHECK(requests);
    while (fgets(line, sizeof line, requests)) {
        char *at = line + strcspn(line, " ");
        unsigned long flags;
        int version;
        *at = 0;
        SAME(sscanf(at + 1, "%d %lu", &version, &flags), 2);
        request(look_up, line, version, flags);
        n++;
    }
    fclose(requests);
    request(look_up, "cuNoSuchFunction", 12020, 0);
    request(look_up, "cuMemcpyHtoD", 12020, 1);
    request(look_up, "cuMemcpyHtoD", 2000, 2);
    request(look_up, "cuMemcpyHtoD", 99999, 2);
    request(look_up, "cuMemcpyHtoD", 12020, 77);
    printf("%d\n", look_up("cuMemcpyHtoD", NULL, 12020, 0, NULL));
    SAME(n, 440);
    return 0;
}

int main(int argc, char **argv)
{
    static char plain[1 << 17], pinned[1 << 17];
    (void)argv;
    if (argc > 1)
        return replay();
    SAME(run_self(NULL, "replay", NULL, plain, sizeof plain), 0);
    SAME(run_self(getenv("LIB"), "replay", NULL, pinned, sizeof pinned), 0);
    CHECK(strlen(plain) > 10000);
    return !same_output(plain, pinned, "requests");
}
