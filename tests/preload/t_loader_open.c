/* t_loader_open PLUGIN [deep]: opens plugin_loader_outer.so, has it open a library by its own RUNPATH, and with "deep"
 * asks for RTLD_DEEPBIND both times and lets the library free what the program allocated.  Run by
 * t_loader_rule_45_open.sh. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "t_malloc_help.h"

int main(int argc, char **argv)
{
    if (argc < 2)
        return 0; /* nothing to do without arguments */
    const int deep = argc > 2 ? RTLD_DEEPBIND : 0;
    void *outer = dlopen(argv[1], RTLD_NOW | deep);
    CHECK(outer, "%s", dlerror());
    int (*answer)(int) = outer ? (int (*)(int))dlsym(outer, "loader_outer") : NULL;
    CHECK(answer && answer(deep) == 42, "%s", dlerror());
    void *inner = dlopen("libloader_inner.so", RTLD_NOW | RTLD_NOLOAD | deep);
    void (*inner_free)(void *) = inner ? (void (*)(void *))dlsym(inner, "loader_inner_free") : NULL;
    for (int i = 0; inner_free && i < 10; i++)
        inner_free(memset(malloc(4 * MiB), 1, 4 * MiB));
    CHECK(dlopen("libno_such_thing.so.9", RTLD_NOW) == NULL, "it exists");
    const char *said = dlerror();
    CHECK(said && strstr(said, "libno_such_thing.so.9: cannot open shared object file"), "%s", said ? said : "nothing");
    puts("opened");
    return check_result();
}
