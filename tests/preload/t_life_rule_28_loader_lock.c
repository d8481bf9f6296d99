/* fork while other threads hold the loader's lock on its list, or unwind the stacks of their large allocations: nothing
 * in the child waits for a lock that nobody there will ever give back (rule 28). */
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "t_malloc_help.h"

enum {
    DEPTHS = 32,
    FORKS = 1000
};

static sem_t inside, leave;
static _Atomic int stop;

static int stay(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)info;
    (void)size;
    (void)unused;
    sem_post(&inside);
    sem_wait(&leave);
    return 1;
}

static void *hold_the_lock(void *unused)
{
    dl_iterate_phdr(stay, NULL);
    return unused;
}

/* As many call sites as depths: what the unwinder has not seen yet it asks the loader about. */
#define SITE(n)                                                                                                        \
    static __attribute__((noinline)) void site_##n(unsigned depth)                                                     \
    {                                                                                                                  \
        if (depth)                                                                                                     \
            sites[depth - 1](depth - 1);                                                                               \
        else                                                                                                           \
            free(opaque(malloc(3 * MiB)));                                                                             \
        __asm__ volatile("");                                                                                          \
    }
#define SITES(n) SITE(n##0) SITE(n##1) SITE(n##2) SITE(n##3) SITE(n##4) SITE(n##5) SITE(n##6) SITE(n##7)
#define NAMES(n) site_##n##0, site_##n##1, site_##n##2, site_##n##3, site_##n##4, site_##n##5, site_##n##6, site_##n##7
static void (*const sites[DEPTHS])(unsigned);
SITES(a)
SITES(b) SITES(c) SITES(d) static void (*const sites[DEPTHS])(unsigned) = {NAMES(a), NAMES(b), NAMES(c), NAMES(d)};

static void large_at(unsigned depth)
{
    sites[depth](depth);
}

static int see_one(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)info;
    (void)size;
    (void)unused;
    return 1;
}

static int child(void)
{
    alarm(100);
    for (unsigned depth = 0; depth < DEPTHS; depth++)
        large_at(depth);
    return 0;
}

static int child_of_unwinders(void)
{
    dl_iterate_phdr(see_one, NULL); /* as a program's own throw or dlopen in the child would */
    return child();
}

static void fork_and_reap(int (*body)(void), int i)
{
    int status = -1;
    const pid_t pid = fork();
    if (pid == 0) {
        alarm(100);
        _exit(body());
    }
    waitpid(pid, &status, 0);
    CHECK(status == 0, "child %d: status %#x", i, (unsigned)status);
}

/* What the unwinder has learnt it remembers by thread. */
static void *allocate_once(void *unused)
{
    for (unsigned depth = 0; depth < DEPTHS; depth++)
        large_at(depth);
    return unused;
}

static void *allocate(void *unused)
{
    while (!atomic_load(&stop)) {
        pthread_t fresh;
        if (pthread_create(&fresh, NULL, allocate_once, NULL) == 0)
            pthread_join(fresh, NULL);
    }
    return unused;
}

int main(void)
{
    pthread_t holder, threads[2];
    sem_init(&inside, 0, 0);
    sem_init(&leave, 0, 0);
    large_at(1);
    pthread_create(&holder, NULL, hold_the_lock, NULL);
    sem_wait(&inside);
    fork_and_reap(child, -1);
    sem_post(&leave);
    pthread_join(holder, NULL);

    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, allocate, NULL);
    for (int i = 0; i < FORKS && !check_failures; i++)
        fork_and_reap(child_of_unwinders, i);
    atomic_store(&stop, 1);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return check_result();
}
