/* Large allocations where the loader's locks are held do not hang (rule 40): the first one of all in a plugin's
 * constructor; inside dl_iterate_phdr's callback; beside threads that open and close plugins.
 *
 * build: -pthread
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>

#include "t_malloc_help.h"

static char plugin_path[4096];
static _Atomic int stop;

static void allocate(size_t bytes)
{
    char *ptr = malloc(bytes);
    CHECK(ptr, "%zu bytes", bytes);
    memset(ptr, 1, bytes < 4096 ? bytes : 4096);
    free(ptr);
}

static int on_object(struct dl_phdr_info *info, size_t size, void *arg)
{
    allocate(MiB + (size_t)info->dlpi_phnum * 4096 + size);
    allocate(100);
    return arg != NULL;
}

static void *open_and_close(void *unused)
{
    while (!stop) {
        void *lib = dlopen(plugin_path, RTLD_NOW);
        CHECK(lib, "%s", dlerror());
        if (lib)
            dlclose(lib);
    }
    return unused;
}

static void *iterate(void *unused)
{
    while (!stop)
        dl_iterate_phdr(on_object, NULL);
    return unused;
}

static void *only_allocate(void *unused)
{
    for (size_t i = 0; !stop; i++)
        allocate(MiB + i % 64 * 65536);
    return unused;
}

int main(int argc, char **argv)
{
    static void *(*const bodies[])(void *) = {open_and_close, iterate, only_allocate, iterate, only_allocate};
    enum {
        THREADS = sizeof bodies / sizeof *bodies
    };
    pthread_t threads[THREADS];
    const char *slash = strrchr(argv[0], '/');
    snprintf(plugin_path, sizeof plugin_path, "%.*s/plugin_loader_constructor.so", (int)(slash - argv[0]), argv[0]);
    alarm(100);   /* a lock that is never given back */
    if (argc > 1) /* in a callback even the very first */
        dl_iterate_phdr(on_object, NULL);
    void *lib = dlopen(plugin_path, RTLD_NOW);
    CHECK(lib, "%s", dlerror());
    alarm(0);
    dl_iterate_phdr(on_object, NULL);
    if (lib)
        dlclose(lib);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, bodies[i], NULL) == 0, "thread %d", i);
    sleep_ms(1000);
    stop = 1;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return check_result();
}
