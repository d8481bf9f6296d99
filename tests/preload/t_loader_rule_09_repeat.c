/* Eight threads look up the same names again and again: always found (rule 9), always the same, handles honoured (rule
 * 3), driver names included; what does not exist stays NULL, with glibc's own message. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>

#include "t_malloc_help.h"

enum {
    THREADS = 8,
    ROUNDS = 20000
};
static void *libc, *expected_getenv;

static void *run(void *unused)
{
    for (int i = 0; i < ROUNDS && !check_failures; i++) {
        void *const by_default = dlsym(RTLD_DEFAULT, "strtol"), *const by_handle = dlsym(libc, "strtol");
        CHECK(by_default && by_default == by_handle, "strtol: %p and %p", by_default, by_handle);
        CHECK(dlsym(libc, "getenv") == expected_getenv, "getenv by handle");
        CHECK(dlsym(libc, "cuMemcpy") == NULL, "libc has no cuMemcpy");
        CHECK(dlsym(RTLD_NEXT, "cuMemcpyHtoD_v2") == NULL, "nobody has one");
        if (i % 500 == 0)
            free(opaque(malloc(MiB + (size_t)i)));
    }
    return unused;
}

static void message(void *lib, const char *name, const char *expected)
{
    dlerror();
    CHECK(dlsym(lib, name) == NULL, "%s", name);
    const char *said = dlerror();
    CHECK(said && strstr(said, expected), "%s: '%s' instead of '%s'", name, said ? said : "nothing", expected);
    CHECK(dlerror() == NULL, "said twice");
}

/* Autopin exports the driver's names, yet nobody may find them where there is no driver. */
static void absent(void)
{
    static const char *const names[] = {"cuMemcpy", "cuMemcpyHtoD_v2", "cuGetProcAddress", "cuGetProcAddress_v2",
                                        "cuMemHostRegister_v2"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char expected[128];
        snprintf(expected, sizeof expected, "undefined symbol: %s", names[i]);
        message(RTLD_DEFAULT, names[i], expected);
        message(libc, names[i], expected);
    }
}

int main(void)
{
    pthread_t threads[THREADS];
    libc = dlopen("libc.so.6", RTLD_NOW);
    CHECK(libc, "%s", dlerror());
    expected_getenv = dlsym(libc, "getenv");
    CHECK(expected_getenv, "%s", dlerror());
    CHECK(dlerror() == NULL, "a message is left over");
    message(libc, "no_such_name", "undefined symbol: no_such_name");
    message(RTLD_DEFAULT, "no_such_name", "undefined symbol: no_such_name");
    message(RTLD_DEFAULT, "", "undefined symbol: ");
    message(libc, "cuNoSuchName", "undefined symbol: cuNoSuchName");
    absent();
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, run, NULL) == 0, "thread %d", i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return check_result();
}
