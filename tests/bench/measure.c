/* Runs a command and says what it took: of itself and of the processes that it waited for.
 *
 * usage: measure PRELOAD|- COMMAND...       output: one line "WALL_S CPU_S MAX_RSS_KIB PAGE_FAULTS"; exit 1 when the
 * command failed
 *
 * The command's own output goes nowhere. */
#define _GNU_SOURCE
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

int main(int argc, char **argv)
{
    posix_spawn_file_actions_t actions;
    struct rusage usage;
    pid_t child;
    int status;

    bench_need(argc > 2, "usage: measure PRELOAD|- COMMAND...;");
    if (strcmp(argv[1], "-") == 0)
        unsetenv("LD_PRELOAD");
    else
        setenv("LD_PRELOAD", argv[1], 1);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    const double start = bench_now_s();
    bench_need(posix_spawnp(&child, argv[2], &actions, NULL, argv + 2, environ) == 0, argv[2]);
    bench_need(wait4(child, &status, 0, &usage) == child, "wait4");
    const double taken_s = bench_now_s() - start;
    posix_spawn_file_actions_destroy(&actions);
    bench_need(WIFEXITED(status) && WEXITSTATUS(status) == 0, argv[2]);
    printf("%.6f %.6f %ld %ld\n", taken_s, seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss,
           usage.ru_minflt + usage.ru_majflt);
    return 0;
}
