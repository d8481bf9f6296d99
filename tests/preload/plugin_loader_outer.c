/* Opens a library by name that only its own RUNPATH leads to.
 *
 * build: -Wl,--enable-new-dtags,-rpath,$ORIGIN/deep
 */
#include <dlfcn.h>
#include <stddef.h>

__attribute__((visibility("default"))) int loader_outer(int flags);

int loader_outer(int flags)
{
    void *lib = dlopen("libloader_inner.so", RTLD_NOW | flags);
    int (*answer)(void) = lib ? (int (*)(void))dlsym(lib, "loader_inner") : NULL;
    return answer ? answer() : -1;
}
