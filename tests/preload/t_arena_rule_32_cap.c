/* Sixteen threads allocate and free under a cap while another reads VmLck as fast as it can: it is never above (rule
 * 32).
 *
 *   t_arena_rule_32_cap CAP_MIB LEAST_MIB        LEAST: what must have been locked at some time
 *
 * build: -pthread
 */
#include <pthread.h>
#include <stdatomic.h>

#include "t_malloc_help.h"

enum {
    THREADS = 16
};
static _Atomic int stop;
static long cap;
static _Atomic long highest, samples;
static const long FEWEST = 100; /* samples */

static void *allocate(void *arg)
{
    uint64_t random = 0x9E3779B97F4A7C15ull * ((uintptr_t)arg + 1);
    while (!stop) {
        const size_t bytes = MiB + random_next(&random) % (12 * MiB);
        char *ptr = malloc(bytes);
        const uint64_t seed = random;
        pattern_put(ptr, bytes, seed);
        if (random_next(&random) % 8 == 0)
            ptr = realloc(ptr, bytes + 3 * MiB);
        CHECK(pattern_holds(ptr, bytes, bytes, seed), "%zu bytes", bytes);
        free(ptr);
    }
    return NULL;
}

static void *sample(void *unused)
{
    char text[4096];
    const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    while (!stop) {
        const ssize_t got = pread(fd, text, sizeof text - 1, 0);
        text[got > 0 ? got : 0] = 0;
        const char *at = strstr(text, "VmLck:");
        const long locked = at ? strtol(at + 6, NULL, 10) * 1024 : -1;
        CHECK(locked >= 0 && locked <= cap, "VmLck %ld, cap %ld", locked, cap);
        highest = locked > highest ? locked : highest;
        samples++;
    }
    close(fd);
    CHECK(samples > FEWEST, "only %ld samples", samples);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS + 1];
    cap = (argc > 1 ? atol(argv[1]) : 1 << 20) * (long)MiB;
    const long least = (argc > 2 ? atol(argv[2]) : 0) * (long)MiB;
    CHECK(pthread_create(&threads[THREADS], NULL, sample, NULL) == 0, "no thread");
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, allocate, (void *)i) == 0, "thread %zu", i);
    for (int i = 0; i < 500 && (i < 12 || highest < least || samples <= FEWEST);
         i++) /* a busy machine takes its time */
        sleep_ms(100);
    stop = 1;
    for (int i = 0; i <= THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(highest >= least, "at most %ld bytes were locked: this run proves less than it says", highest);
    printf("highest VmLck %ld MiB\n", highest >> 20);
    return check_result();
}
