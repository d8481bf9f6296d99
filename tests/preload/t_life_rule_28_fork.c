/* fork, with locked blocks, in the middle of background pins: the child has the parent's contents and no locks, may
 * free and allocate; the parent's blocks stay what they were (rule 28). */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "t_malloc_help.h"

enum {
    BLOCKS = 6,
    THREADS = 3
};
static const size_t BYTES = 5 * MiB;
static char *blocks[BLOCKS];
static _Atomic int stop;
static int locking; /* whether blocks that are freed get locked sooner or later */

static void all_locked(const char *which)
{
    CHECK(vm_lck_becomes((long)(BLOCKS * BYTES), 1l << 40) >= (long)(BLOCKS * BYTES), "VmLck of those %s: %ld", which,
          vm_lck());
}

static void make_locked(void)
{
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < BLOCKS; i++)
            pattern_put(blocks[i] = malloc(BYTES), BYTES, (uint64_t)i);
        for (int i = 0; i < BLOCKS && round < 3; i++)
            free(blocks[i]);
        if (!locking)
            sleep_ms(30);
        else if (round < 3)
            all_locked("that were freed");
    }
}

static void check_blocks(const char *whose)
{
    for (int i = 0; i < BLOCKS; i++)
        CHECK(pattern_holds(blocks[i], BYTES, BYTES, (uint64_t)i), "block %d of the %s", i, whose);
}

static int child(void)
{
    CHECK(vm_lck() == 0, "VmLck of the child: %ld", vm_lck());
    check_blocks("child");
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    if (locking) /* as its parent's would be */
        all_locked("that the child has freed");
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = calloc(1, BYTES);
            CHECK(all_zero(blocks[i], BYTES), "the child's calloc %d", i);
            pattern_put(blocks[i], BYTES, 100u + (unsigned)i);
        }
        for (int i = 0; i < BLOCKS; i++)
            CHECK(pattern_holds(blocks[i], BYTES, BYTES, 100u + (unsigned)i), "the child's own block %d", i);
        for (int i = 0; i < BLOCKS; i++)
            free(blocks[i]);
    }
    return check_result();
}

/* An exit status of 0, within half a minute. */
static void reap(pid_t pid, int number)
{
    int status = 0;
    const double end = now_s() + 30;
    pid_t got;
    while ((got = waitpid(pid, &status, WNOHANG)) == 0 && now_s() < end)
        sleep_ms(1);
    CHECK(got == pid, "fork %d: the child hangs", number);
    if (got == 0) {
        kill(pid, 9);
        waitpid(pid, &status, 0);
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "fork %d: the child's status %#x", number, status);
}

static void one_fork(int number, int (*body)(void))
{
    const pid_t pid = fork();
    CHECK(pid >= 0, "fork %d", number);
    if (pid == 0)
        _exit(body());
    if (pid > 0)
        reap(pid, number);
}

/* Mostly inside malloc and free, where locks are held; the blocks are in all states between free and locked. */
static void *allocate(void *arg)
{
    const uint64_t self = (uint64_t)(uintptr_t)arg;
    for (uint64_t i = 0; !stop; i++) {
        const size_t bytes = (1 + (i + self) % 5) * MiB;
        char *ptr = opaque(malloc(bytes));
        if (i % 16 == 0) {
            pattern_put(ptr, bytes, i);
            CHECK(pattern_holds(ptr, bytes, bytes, i), "a thread's block of %zu bytes", bytes);
        }
        free(ptr);
    }
    return NULL;
}

static int quick_child(void)
{
    char *ptr = malloc(3 * MiB);
    pattern_put(ptr, 3 * MiB, 1);
    CHECK(pattern_holds(ptr, 3 * MiB, 3 * MiB, 1), "the child's block");
    free(ptr);
    CHECK(vm_lck() <= 6 * (long)MiB, "VmLck of the child: %ld", vm_lck());
    return check_result();
}

static void while_threads_allocate(int forks)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, allocate, (void *)i) == 0, "thread %zu", i);
    for (int i = 0; i < forks && !check_failures; i++)
        one_fork(i, quick_child);
    stop = 1;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* A child that goes on as its parent does: locks of its own, and a child of its own. */
static int grandchild(void)
{
    return vm_lck() == 0 ? child() : 1;
}

static int settled_child(void)
{
    make_locked();
    check_blocks("child, its own");
    one_fork(0, grandchild);
    check_blocks("child, after its own child");
    return check_result();
}

int main(int argc, char **argv)
{
    locking = argc > 1 && strcmp(argv[1], "locked") == 0;
    make_locked();
    if (argc > 1 && strcmp(argv[1], "idle") == 0)
        sleep_ms(2000); /* what was freed and locked is unlocked; what is in use stays */
    const long locked = vm_lck();
    if (locking)
        CHECK(locked > 0, "nothing was locked: this run proves less than it says");
    for (int i = 0; i < 5; i++)
        one_fork(i, child);
    check_blocks("parent");
    CHECK(vm_lck() >= locked, "%ld bytes were locked before the forks, %ld are now", locked, vm_lck());
    one_fork(0, settled_child);
    while_threads_allocate(argc > 2 ? atoi(argv[2]) : 200);
    check_blocks("parent, after all");
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    return check_result();
}
