/* Rules 3 and 18: dlsym on the driver's handle gives a hook for exactly the rows of the table, the driver's own
 * function for every other export; the default scope has a driver's function only where the driver is in it. */
#define _GNU_SOURCE
#include "sim_client.h"
#include "sim_client_hooked.h"

static void check_name(void *handle, const char *name)
{
    void *found = dlsym(handle, name);
    if (!found || is_autopin(found) != is_hooked(name) || strcmp(export_name(found), name) != 0) {
        fprintf(stderr, "%s: %p, autopin's %d, expected %d, called %s\n", name, found, is_autopin(found),
                is_hooked(name), export_name(found));
        _exit(1);
    }
}

int main(void)
{
    char name[128];
    int n = 0, n_hooked = 0;
    CHECK(!dlsym(RTLD_DEFAULT, "cuMemcpyHtoD_v2"));
    CHECK(!dlsym(RTLD_DEFAULT, "cuMemFree_v2"));
    void *handle = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    CHECK(handle);
    CHECK(!dlsym(RTLD_DEFAULT, "cuMemcpyHtoD_v2"));
    FILE *exports = fopen("tests/data/driver535_exports.txt", "r");
    CHECK(exports);
    while (fscanf(exports, "%127s", name) == 1) {
        check_name(handle, name);
        n_hooked += is_hooked(name);
        n++;
    }
    fclose(exports);
    SAME(n, 620);
    CHECK(n_hooked > 50);
    for (int i = 0; hooked[i]; i++) { /* what this driver lacks has no hook either */
        void *found = dlsym(handle, hooked[i]);
        CHECK(!found || is_autopin(found));
    }
    CHECK(!dlsym(handle, "cuMemcpy3DBatchAsync_v2"));
    CHECK(!dlsym(handle, "cuGreenCtxDestroy"));
    CHECK(!dlsym(handle, "cuMemcpyHtoD_v2_none"));
    CHECK(!dlsym(handle, ""));
    handle = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
    CHECK(is_autopin(dlsym(RTLD_DEFAULT, "cuMemcpyHtoD_v2")));
    CHECK(is_autopin(dlsym(handle, "cuMemcpyHtoD_v2")));
    CHECK(dlsym(RTLD_DEFAULT, "cuMemFree_v2") == dlsym(handle, "cuMemFree_v2"));
    CHECK(!is_autopin(dlsym(RTLD_DEFAULT, "cuMemFree_v2")));
    CHECK(!dlsym(RTLD_DEFAULT, "cuMemcpy3DBatchAsync_v2"));
    void *self = dlopen(NULL, RTLD_NOW);
    CHECK(is_autopin(dlsym(self, "cuMemcpyHtoD_v2")));
    CHECK(!dlsym(self, "cuMemcpy3DBatchAsync_v2"));
    return 0;
}
