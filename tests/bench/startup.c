/* Spawns /bin/true many times without a preload and with each of two, in turn; prints the median time of each.
 *
 * usage: startup RUNS BASE.so LIBRARY.so     output: one line "NONE_US BASE_US LIBRARY_US" */
#include "tests/bench/bench.h"

#include <spawn.h>
#include <sys/wait.h>

static double spawn_once(char **environment)
{
    char *arguments[] = {"/bin/true", NULL};
    pid_t child;
    int status;
    double start = bench_now_s();
    bench_need(posix_spawn(&child, arguments[0], NULL, NULL, arguments, environment) == 0, "posix_spawn");
    bench_need(waitpid(child, &status, 0) == child && status == 0, "/bin/true");
    return (bench_now_s() - start) * 1e6;
}

int main(int argc, char **argv)
{
    bench_need(argc == 4, "usage: startup RUNS BASE.so LIBRARY.so;");
    size_t runs = strtoul(argv[1], NULL, 10);
    double *taken[3];
    char preload[2][4096];
    char *none[] = {"PATH=/bin", NULL};
    char *base[] = {"PATH=/bin", preload[0], NULL};
    char *library[] = {"PATH=/bin", preload[1], NULL};
    char **environments[] = {none, base, library};

    snprintf(preload[0], sizeof preload[0], "LD_PRELOAD=%s", argv[2]);
    snprintf(preload[1], sizeof preload[1], "LD_PRELOAD=%s", argv[3]);
    for (int which = 0; which < 3; which++) {
        taken[which] = calloc(runs, sizeof **taken);
        for (int warm = 0; warm < 20; warm++)
            spawn_once(environments[which]);
    }
    for (size_t i = 0; i < runs; i++)
        for (int which = 0; which < 3; which++)
            taken[which][i] = spawn_once(environments[which]);
    for (int which = 0; which < 3; which++) {
        printf("%.1f%c", bench_median(taken[which], runs), which == 2 ? '\n' : ' ');
        free(taken[which]);
    }
    return 0;
}
