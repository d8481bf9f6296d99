/* Rules 4 and 9: both forms of cuGetProcAddress find themselves and each other, again and again, and what they find
 * finds hooks too; failures touch nothing. */
#define _GNU_SOURCE
#include "sim_client.h"

typedef CUresult (*old_form)(const char *, void **, int, cuuint64_t);
typedef CUresult (*new_form)(const char *, void **, int, cuuint64_t, int *);

static void *find_old(old_form look_up, const char *name, int version, cuuint64_t flags)
{
    void *found = NULL;
    OK(look_up(name, &found, version, flags));
    CHECK(is_autopin(found));
    return found;
}

static void *find_new(new_form look_up, const char *name, int version, cuuint64_t flags)
{
    void *found = NULL;
    OK(look_up(name, &found, version, flags, NULL));
    CHECK(is_autopin(found));
    return found;
}

static void *many(void *arg)
{
    const new_form look_up = (new_form)arg;
    void *const first = find_new(look_up, "cuMemcpyHtoD", 12000, 0);
    for (int i = 0; i < 2000; i++) {
        CHECK(find_new(look_up, "cuMemcpyHtoD", 12000, 0) == first);
        CHECK(dlsym(driver_handle, "cuMemcpyHtoD_v2") == first);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[8];
    void *found = &cu;
    alarm(100);
    driver_handle = dlopen("libcuda.so.1", RTLD_NOW);
    const old_form old = (old_form)dlsym(driver_handle, "cuGetProcAddress");
    const new_form now = (new_form)dlsym(driver_handle, "cuGetProcAddress_v2");
    CHECK(is_autopin((void *)old) && is_autopin((void *)now));

    const old_form old_again = (old_form)find_new(now, "cuGetProcAddress", 11030, 0);
    const new_form new_again = (new_form)find_old(old, "cuGetProcAddress", 12000, 0);
    CHECK(old_again == old && new_again == now);
    const old_form old_thrice = (old_form)find_old(old_again, "cuGetProcAddress", 11030, 0);
    CHECK(find_old(old_thrice, "cuMemcpyDtoHAsync", 12000, 0) == dlsym(driver_handle, "cuMemcpyDtoHAsync_v2"));
    CHECK(find_new(new_again, "cuMemcpyDtoHAsync", 12000, 2) == dlsym(driver_handle, "cuMemcpyDtoHAsync_v2_ptsz"));
    CHECK(find_old(old, "cuMemHostRegister", 4000, 0) == dlsym(driver_handle, "cuMemHostRegister"));
    CHECK(find_old(old, "cuMemHostRegister", 6050, 0) == dlsym(driver_handle, "cuMemHostRegister_v2"));

    SAME(old("", &found, 0, 0), CUDA_ERROR_NOT_FOUND);
    SAME(now("", &found, 0, 0, NULL), CUDA_ERROR_NOT_FOUND);
    SAME(old("cuMemcpyHtoDefault", &found, 12000, 0), CUDA_ERROR_NOT_FOUND);
    SAME(now(NULL, &found, 12000, 0, NULL), CUDA_ERROR_INVALID_VALUE);
    SAME(now("cuMemcpyHtoD", NULL, 12000, 0, NULL), CUDA_ERROR_INVALID_VALUE);
    CHECK(found == &cu);

    for (int i = 0; i < 8; i++)
        SAME(pthread_create(&threads[i], NULL, many, (void *)now), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
