/* Preloaded before or after libautopin.so: a wrapper of getppid and malloc that asks RTLD_NEXT for the real ones, as
 * many tools do.
 *
 * build: -O0
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <sys/types.h>

__attribute__((visibility("default"))) pid_t getppid(void);
__attribute__((visibility("default"))) void *malloc(size_t size);
__attribute__((visibility("default"))) long front_mallocs(void);

static long mallocs;

pid_t getppid(void)
{
    pid_t (*real)(void) = (pid_t(*)(void))dlsym(RTLD_NEXT, "getppid");
    return real == getppid || !real ? -1 : real() + 1000000000;
}

void *malloc(size_t size)
{
    static void *(*real)(size_t);
    static _Thread_local int inside;
    if (!real && !inside++) {
        real = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
        inside--;
    }
    if (!real || real == malloc)
        return NULL;
    __atomic_fetch_add(&mallocs, 1, __ATOMIC_RELAXED);
    return real(size);
}

long front_mallocs(void)
{
    return mallocs;
}
