/* Rule 35: a program that opens autopin itself, uses it and closes it again runs on: autopin's threads, and memory that
 * it has served, need its code.
 */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "t_malloc_help.h"

enum {
    BLOCKS = 4,
    GIVEN_US = 700000 /* the worker looks twice a second */
};

int main(int argc, char **argv)
{
    char *blocks[BLOCKS];
    if (argc < 2)
        return 0; /* nothing to do without arguments */
    void *lib = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
    CHECK(lib, "%s", dlerror());
    void *(*serve)(size_t) = lib ? (void *(*)(size_t))dlsym(lib, "malloc") : NULL;
    void (*give_back)(void *) = lib ? (void (*)(void *))dlsym(lib, "free") : NULL;
    CHECK(serve && give_back && serve != malloc, "no malloc of autopin's");
    for (int round = 0; round < 8 && !check_failures; round++) {
        for (int i = 0; i < BLOCKS; i++)
            blocks[i] = memset(serve(8 * MiB), i, 8 * MiB);
        for (int i = 0; i < BLOCKS; i++)
            give_back(blocks[i]);
    }
    CHECK(proc_number("/proc/self/status", "Threads:") > 1, "autopin has no thread: this proves nothing");
    CHECK(lib && dlclose(lib) == 0, "%s", dlerror());
    usleep(GIVEN_US);
    return check_result();
}
