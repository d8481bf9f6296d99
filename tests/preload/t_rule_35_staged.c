/* Rule 35 for staged copies: no thread and no slot before the first large copy; helpers take no signal, and end when
 * there is nothing to do; errno is left alone. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>

#include "sim_client_staged.h"

enum {
    BYTES = 16 * MIB
};
static CUdeviceptr device;
static char *host;

/* Threads that no signal reaches: those of autopin, and of the simulated driver.  *all: how many there are, but for one
 * that is ending: the kernel has no signals of it to show (fs/proc/array.c: task_sig()). */
static int blocking_threads(int *all)
{
    char path[300], line[256];
    int blocking = 0, ending;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks);
    *all = 0;
    for (struct dirent *task; (task = readdir(tasks));) {
        snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
        FILE *file = task->d_name[0] == '.' ? NULL : fopen(path, "r");
        ending = 0;
        while (file && fgets(line, sizeof line, file)) {
            ending |= strcmp(line, "Threads:\t0\n") == 0;
            if (!ending && strncmp(line, "SigBlk:", 7) == 0) {
                const unsigned long long mask = strtoull(line + 7, NULL, 16);
                blocking += (mask & (1ull << (SIGUSR1 - 1))) && (mask & (1ull << (SIGTERM - 1)));
                ++*all;
            }
        }
        if (file)
            fclose(file);
    }
    closedir(tasks);
    return blocking;
}

static void nothing(void *unused)
{
    (void)unused;
}

static void warm(void)
{
    begin_client(100);
    device = device_memory(BYTES);
    host = mapped(BYTES);
    OK(cu.cuLaunchHostFunc(NULL, nothing, NULL));
    OK(cu.cuCtxSynchronize()); /* the driver has the threads it needs */
}

static int life(void)
{
    int before = 0, all = 0, most = 0;
    warm();
    const int blocked = blocking_threads(&before);
    SAME(sim->register_calls, 0);
    for (int i = 0; i < 30; i++) {
        errno = 4321;
        OK(copy_shape(i & 1, host, device, BYTES, NULL));
        SAME(errno, 4321);
        const int seen = blocking_threads(&all); /* helpers end soon where copies come seldom */
        most = seen > most ? seen : most;
    }
    const int now = blocking_threads(&all);
    CHECK(sim->register_calls > 0);
    SAME(now - blocked, all - before); /* all of ours take no signals */
    if (atoi(getenv("AUTOPIN_STAGING_THREADS")) > 1 && sysconf(_SC_NPROCESSORS_ONLN) > 1)
        CHECK(most - blocked >= 2); /* the worker and a helper */
    do {
        nap_ms(20);
        blocking_threads(&all);
    } while (all > before + 2);                       /* all but the worker and its reader of files */
    CHECK(goes_staged(0, host, device, BYTES, NULL)); /* and they come again */
    return 0;
}

int main(void)
{
    return life();
}
