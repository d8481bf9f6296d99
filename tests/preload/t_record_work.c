/* t_record_work WAY COUNTS: allocates large blocks in several threads, copies them if there is a driver, and ends in a
 * way that leaves no time for a report; meanwhile it counts in the file COUNTS what has been done.  Run by
 * t_record_*.sh; alone, it does a little and ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "sim_client.h"
#include "t_record_work.h"

extern char **environ;

static struct counts *counts;
static char *program, *counts_path;

static void allocate(struct counts *mine, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char *block = malloc(COUNTED_BYTES);
        *(volatile char *)block = 1;
        atomic_fetch_add(&mine->blocks, 1);
        free(block);
    }
}

static void *loop(void *arg)
{
    struct counts *mine = arg;
    const CUdeviceptr device = driver_handle ? (new_context(), device_memory(COUNTED_BYTES)) : 0;
    for (;;) {
        char *block = malloc(COUNTED_BYTES);
        atomic_fetch_add(&mine->blocks, 1);
        for (int i = 0; i < 3 && driver_handle; i++) {
            OK(i ? cu.cuMemcpyHtoD_v2(device, block, COUNTED_BYTES) : cu.cuMemcpyDtoH_v2(block, device, COUNTED_BYTES));
            atomic_fetch_add(&mine->copies, 1);
        }
        free(block);
        atomic_store(&mine->begun, 1);
    }
    return NULL;
}

/* headless: the first thread ends, and the others go on. */
static void run_threads(int headless)
{
    pthread_t thread;
    allocate(&counts[0], 1); /* while autopin starts, other threads' blocks are not its business */
    for (int i = 0; i < COUNTED_THREADS; i++)
        CHECK(pthread_create(&thread, NULL, loop, &counts[i]) == 0);
    if (headless)
        pthread_exit(NULL);
    pthread_join(thread, NULL);
}

static void crash(void)
{
    signal(SIGSEGV, SIG_DFL);
    syscall(SYS_tgkill, getpid(), gettid(), SIGSEGV);
}

/* No more memory is to be had. */
static void use_up_limit(void)
{
    struct rlimit none;
    CHECK(getrlimit(RLIMIT_AS, &none) == 0);
    none.rlim_cur = 0;
    CHECK(setrlimit(RLIMIT_AS, &none) == 0);
}

/* Both allocate, and both are killed; the child counts on its own, even if it is poor: then it has no memory for a
 * record of its own.  One that does not allocate has no record. */
static void fork_and_die(int raw, int poor)
{
    int status;
    allocate(&counts[0], 20);
    if (poor)
        use_up_limit();
    if (fork() == 0)
        kill(getpid(), SIGKILL);
    wait(&status);
    const pid_t child = raw ? (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) : fork();
    if (child == 0) {
        allocate(&counts[1], 7);
        kill(getpid(), SIGKILL);
    }
    waitpid(child, &status, 0);
    allocate(&counts[0], 10);
    kill(getpid(), SIGKILL);
}

/* Children that only borrow this memory. */
static void borrow_and_die(void)
{
    char *argv[] = {(char *)"true", NULL};
    pid_t child;
    int status;
    allocate(&counts[0], 20);
    if (vfork() == 0)
        _exit(0);
    CHECK(posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ) == 0);
    waitpid(child, &status, 0);
    allocate(&counts[0], 10);
    kill(getpid(), SIGKILL);
}

static void become(const char *way, int raw)
{
    char *argv[] = {program, (char *)way, counts_path, NULL};
    allocate(&counts[0], 5);
    memset(counts, 0, sizeof *counts);
    if (raw)
        syscall(SYS_execve, program, argv, environ);
    else
        execv(program, argv);
}

/* More sites and threads than the first part of the record has room for. */
static void many(void)
{
    static void *stack[4];
    for (unsigned i = 0; i < 40; i++)
        for (size_t bytes = COUNTED_BYTES; bytes < (size_t)COUNTED_BYTES << 9; bytes *= 2) {
            free(stack[i % 4]);
            stack[i % 4] = malloc(bytes);
            atomic_fetch_add(&counts[0].blocks, 1);
        }
}

static pthread_barrier_t together; /* so that no thread inherits what another has counted in */

static void *allocate_five(void *arg)
{
    (void)arg;
    allocate(&counts[0], 5);
    pthread_barrier_wait(&together);
    return NULL;
}

static void many_threads(void)
{
    pthread_t thread[64];
    pthread_barrier_init(&together, NULL, 64);
    for (int i = 0; i < 64; i++)
        CHECK(pthread_create(&thread[i], NULL, allocate_five, NULL) == 0);
    for (int i = 0; i < 64; i++)
        pthread_join(thread[i], NULL);
}

static void open_counts(const char *path)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && ftruncate(fd, COUNTED_THREADS * sizeof *counts) == 0);
    counts = mmap(NULL, COUNTED_THREADS * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(counts != MAP_FAILED);
    close(fd);
}

int main(int argc, char **argv)
{
    static struct counts none[COUNTED_THREADS];
    const char *way = argc == 3 ? argv[1] : "";
    counts = none;
    program = argv[0];
    if (argc != 3) {
        allocate(&counts[0], 20);
        return 0;
    }
    counts_path = argv[2];
    open_counts(argv[2]);
    if (getenv("SIMCUDA_STATE")) {
        bind_driver();
        OK(cu.cuInit(0));
    }
    if (strcmp(way, "loop") == 0 || strcmp(way, "headless") == 0)
        run_threads(way[0] == 'h');
    else if (strcmp(way, "fork") == 0 || strcmp(way, "clone") == 0 || strcmp(way, "poor") == 0)
        fork_and_die(way[0] == 'c', way[0] == 'p');
    else if (strcmp(way, "borrow") == 0)
        borrow_and_die();
    else if (strcmp(way, "exec") == 0)
        become("segv", 0);
    else if (strcmp(way, "raw-exec") == 0)
        become("loop", 1);
    else if (strcmp(way, "many") == 0)
        many();
    allocate(&counts[0], 20);
    if (strcmp(way, "threads") == 0)
        many_threads();
    if (strcmp(way, "abort") == 0)
        abort();
    if (strcmp(way, "segv") == 0 || strcmp(way, "many") == 0 || strcmp(way, "threads") == 0)
        crash();
    if (strcmp(way, "_exit") == 0)
        _exit(0);
    if (strcmp(way, "raw-exit") == 0)
        syscall(SYS_exit_group, 0);
    return 0;
}
