/* Eight forked processes pin what they can under max_pinned_node: what the kernel says they have locked is never more
 * in sum, and what those have that are killed comes back to the others, even before anybody has waited for them (rule
 * 32).
 *
 *   t_node_rule_32_cap CAP_MIB
 *
 * build: -pthread
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "t_malloc_help.h"

enum {
    PROCESSES = 8,
    KILLED = 4,
    ROUNDS = 12,
    BLOCKS = 8
};

static struct {
    pthread_barrier_t all, left; /* each of the processes, or of those left, and the parent */
    _Atomic long locked[PROCESSES];
    _Atomic int enough;
} * shared;
static long cap;

static long locked_now(void)
{
    char text[4096];
    const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    const ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    text[got > 0 ? got : 0] = 0;
    const char *at = strstr(text, "VmLck:");
    return at ? strtol(at + 6, NULL, 10) * 1024 : -1;
}

static void allocate(char *blocks[BLOCKS], uint64_t *random)
{
    for (int i = 0; i < BLOCKS; i++) {
        const size_t bytes = MiB + random_next(random) % (2 * MiB);
        free(blocks[i]);
        blocks[i] = malloc(bytes);
        memset(blocks[i], i, bytes);
    }
}

/* From the first barrier to the last nobody pins, so what is read then is at most what was locked at the first. */
static void take_part(int me, char *blocks[BLOCKS], uint64_t *random, pthread_barrier_t *barrier)
{
    allocate(blocks, random);
    pthread_barrier_wait(barrier);
    shared->locked[me] = locked_now();
    pthread_barrier_wait(barrier);
    pthread_barrier_wait(barrier);
}

static void live(int me)
{
    char *blocks[BLOCKS] = {0};
    uint64_t random = 0x9E3779B97F4A7C15ull * (unsigned)(me + 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    CHECK(locked_now() == 0, "a child begins with %ld bytes locked", locked_now());
    for (int i = 0; i < ROUNDS; i++)
        take_part(me, blocks, &random, &shared->all);
    while (me < KILLED)
        pause();
    while (!shared->enough)
        take_part(me, blocks, &random, &shared->left);
    _exit(check_result());
}

static long look(pthread_barrier_t *barrier, long own, int first)
{
    long sum = own;
    pthread_barrier_wait(barrier);
    pthread_barrier_wait(barrier);
    for (int i = first; i < PROCESSES; i++)
        sum += shared->locked[i];
    CHECK(sum <= cap, "%ld bytes are locked together, the cap is %ld", sum, cap);
    shared->enough = first && sum > cap - 4 * (long)MiB;
    pthread_barrier_wait(barrier);
    return sum;
}

int main(int argc, char **argv)
{
    pid_t child[PROCESSES];
    pthread_barrierattr_t between;
    long highest = 0;
    cap = (argc > 1 ? atol(argv[1]) : 0) * (long)MiB;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_barrierattr_init(&between);
    pthread_barrierattr_setpshared(&between, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&shared->all, &between, PROCESSES + 1);
    pthread_barrier_init(&shared->left, &between, PROCESSES - KILLED + 1);
    char *mine = malloc(2 * MiB); /* the parent has a slot before there are children */
    memset(mine, 1, 2 * MiB);
    const long own = locked_now();
    for (int i = 0; i < PROCESSES; i++)
        if ((child[i] = fork()) == 0)
            live(i);
    for (int i = 0; i < ROUNDS; i++) {
        const long sum = look(&shared->all, own, 0);
        highest = sum > highest ? sum : highest;
    }
    CHECK(highest > cap / 2, "at most %ld bytes were locked: this run proves less than it says", highest);
    for (int i = 0; i < KILLED; i++)
        kill(child[i], SIGKILL);
    siginfo_t info;
    for (int i = 0; i < KILLED; i++) /* dead, and still zombies */
        CHECK(waitid(P_PID, (id_t)child[i], &info, WEXITED | WNOWAIT) == 0, "no child %d", i);
    while (!shared->enough)
        look(&shared->left, own, KILLED);
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;
        waitpid(child[i], &status, 0);
        CHECK(i < KILLED || status == 0, "child %d: status %d", i, status);
    }
    printf("highest sum %ld MiB\n", highest >> 20);
    free(mine);
    return check_result();
}
