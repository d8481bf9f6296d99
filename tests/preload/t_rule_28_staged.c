/* Rule 28 for staged copies: others fork while threads stage.  The child finds its memory as it was, allocates, frees
 * and makes no driver call; the parent's copies stay right. */
#define _GNU_SOURCE
#include "sim_client_staged.h"

enum {
    BYTES = 6 * MIB,
    FORKS = 40,
    FEWEST = 5, /* however long they take */
    THREADS = 2
};
static CUcontext context;
static atomic_int stop, copied;

static void *copier(void *arg)
{
    const uint64_t seed = (uint64_t)(uintptr_t)arg;
    OK(cu.cuCtxSetCurrent(context));
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(BYTES);
    char *foreign = mapped(BYTES);
    for (uint64_t i = 0; !atomic_load(&stop); i++) {
        char *host = i % 2 ? foreign : malloc(BYTES);
        fill(host, BYTES, seed + i);
        OK(cu.cuMemcpyHtoDAsync_v2(device, host, BYTES, stream));
        memset(host, 0, BYTES);
        OK(cu.cuMemcpyDtoHAsync_v2(host, device, BYTES, stream));
        HOLDS(host, BYTES, seed + i);
        if (host != foreign)
            free(host);
        atomic_fetch_add(&copied, 1);
    }
    return NULL;
}

/* What the parent had written before it forked, and new memory. */
static void child(const char *kept)
{
    alarm(100);
    HOLDS(kept, BYTES, 77);
    for (int i = 0; i < 2; i++) {
        char *block = malloc(BYTES), *map = mapped(SLOT);
        fill(block, BYTES, i);
        fill(map, SLOT, i);
        HOLDS(block, BYTES, i);
        HOLDS(map, SLOT, i);
        free(block);
        munmap(map, SLOT);
    }
    _exit(0);
}

/* Memory without huge pages, as slots are.  Units: KiB; 0 where the kernel does not say. */
static unsigned long slots_kib(void)
{
    char line[256];
    unsigned long size = 0, sum = 0;
    FILE *file = fopen("/proc/self/smaps", "r");
    CHECK(file);
    while (fgets(line, sizeof line, file)) {
        sscanf(line, "Size: %lu", &size);
        if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " nh"))
            sum += size;
    }
    fclose(file);
    return sum;
}

static void check_fork(const char *kept, unsigned long most_kib)
{
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0 && most_kib)
        CHECK(slots_kib() <= most_kib);
    if (pid == 0)
        child(kept);
    SAME(waitpid(pid, &status, 0), pid);
    SAME(status, 0);
}

int main(int argc, char **argv)
{
    (void)argv;
    pthread_t threads[THREADS];
    char *kept = mapped(BYTES);
    context = begin_client(100);
    fill(kept, BYTES, 77);
    for (int i = 0; i < THREADS; i++)
        SAME(pthread_create(&threads[i], NULL, copier, (void *)(uintptr_t)(i * 1000000)), 0);
    const uint64_t enough_ns = now_ns() + 15000000000u; /* on a slow machine fewer will do */
    int forks = 0;
    for (; forks < FORKS && (forks < FEWEST || now_ns() < enough_ns); forks++) {
        const int before = copied;
        check_fork(kept, 0);
        while (copied == before)
            nap_ms(1);
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    const CUdeviceptr device = device_memory(BYTES);
    CHECK(goes_staged(1, mapped(BYTES), device, BYTES, NULL)); /* slots and helpers are there still */
    if (argc > 1) /* nothing else is registered: the child has all but the slots */
        check_fork(kept, slots_kib() - sim->registered_regions * SLOT / KIB + 1);
    SAME(sim->violations, 0);
    CHECK(chunks() > (uint64_t)forks);
    return 0;
}
