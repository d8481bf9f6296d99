/* dlsym(RTLD_NEXT, name) means what comes after its caller, not what comes after libautopin.so (rule 1): asked by the
 * program, by a function in tail position, and by plugins at -O0; as does dlvsym.  And an unversioned dlsym, as older
 * programs bind it, is the interposed one too (rule 2).
 *
 * build: -rdynamic
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <libgen.h>

#include "t_malloc_help.h"

/* The program's own, in front of libc's. */
__attribute__((visibility("default"))) long labs(long value);

long labs(long value)
{
    return value;
}

__attribute__((noinline)) static void *next_of(const char *name)
{
    return dlsym(RTLD_NEXT, name); /* a tail call at -O2 */
}

static const char *module_of(const void *function)
{
    Dl_info info;
    return function && dladdr(function, &info) ? info.dli_fname : "nowhere";
}

static int in(const void *function, const char *library)
{
    return strstr(module_of(function), library) != NULL;
}

static void program(void)
{
    void *volatile found = dlsym(RTLD_NEXT, "labs");
    CHECK(found && found != (void *)labs && in(found, "libc.so"), "labs in %s", module_of(found));
    CHECK(next_of("labs") == found, "in tail position: %s", module_of(next_of("labs")));
    CHECK(dlsym(RTLD_DEFAULT, "labs") == (void *)labs, "the default is the program's own");
    CHECK(dlsym(NULL, "labs") == (void *)labs, "NULL is RTLD_DEFAULT");
    found = dlsym(RTLD_NEXT, "malloc");
    CHECK(found == (void *)malloc, "malloc after the program: %s", module_of(found));
    CHECK(dlvsym(RTLD_NEXT, "memcpy", "GLIBC_2.14") != NULL, "%s", dlerror());
}

static void plugin(const char *folder)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/plugin_loader_next.so", folder);
    void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(lib, "%s", dlerror());
    if (!lib)
        return;
    void *(*next)(void) = (void *(*)(void))dlsym(lib, "loader_next_atoi");
    int (*wrapper)(const char *) = (int (*)(const char *))dlsym(lib, "atoi");
    CHECK(next && in((void *)wrapper, "plugin_loader_next"), "atoi by handle in %s", module_of((void *)wrapper));
    CHECK(in(next(), "libc.so"), "after the plugin: %s", module_of(next()));
    CHECK(wrapper("12") == 12, "%d", wrapper("12"));
    dlclose(lib);
}

int main(int argc, char **argv)
{
    free(opaque(malloc(2 * MiB)));
    program();
    plugin(dirname(argv[0]));
    if (argc > 1)
        CHECK(in((void *)dlsym, argv[1]), "dlsym is bound to %s", module_of((void *)dlsym));
    return check_result();
}
