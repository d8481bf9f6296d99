/* While one thread is in the loader, in a constructor that waits for a lock of the program's, another one holds that
 * lock and allocates in every way there is: as without autopin, no allocation waits for the loader (rule 40).  Nor does
 * one change what dlerror() says.
 *
 * build: -rdynamic
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>

#include "t_malloc_help.h"

static sem_t inside;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

__attribute__((visibility("default"))) void plugin_entered(void);
void plugin_entered(void)
{
    sem_post(&inside);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
}

static void *load(void *path)
{
    void *plugin = dlopen(path, RTLD_NOW);
    CHECK(plugin, "%s", dlerror());
    return NULL;
}

static void touch(void *ptr, size_t bytes)
{
    CHECK(ptr, "%zu bytes", bytes);
    memset(ptr, 1, bytes);
    free(opaque(ptr));
}

static void allocate(size_t bytes)
{
    void *ptr = NULL;
    touch(malloc(bytes), bytes);
    touch(calloc(1, bytes), bytes);
    touch(realloc(malloc(10), bytes), bytes);
    touch(reallocarray(NULL, bytes, 1), bytes);
    CHECK(posix_memalign(&ptr, 64, bytes) == 0, "%zu bytes", bytes);
    CHECK(malloc_usable_size(ptr) >= bytes, "%zu bytes", bytes);
    touch(ptr, bytes);
    touch(aligned_alloc(64, bytes), bytes);
    touch(memalign(64, bytes), bytes);
    touch(valloc(bytes), bytes);
    touch(pvalloc(bytes), bytes);
}

int main(void)
{
    char path[512];
    pthread_t thread;
    alarm(100);
    snprintf(path, sizeof path, "%s/tests/plugin_loader_held.so", getenv("BUILD"));
    sem_init(&inside, 0, 0);
    pthread_mutex_lock(&mutex);
    CHECK(!dlopen("no-such-library.so", RTLD_NOW), "there is such a library");
    pthread_create(&thread, NULL, load, path);
    sem_wait(&inside);
    allocate(100);
    allocate(4 * MiB);
    pthread_mutex_unlock(&mutex);
    pthread_join(thread, NULL);
    const char *error = dlerror();
    CHECK(error && strstr(error, "no-such-library.so"), "dlerror: %s", error ? error : "nothing");
    return check_result();
}
