/* Allocates 10 large blocks, forks a child that frees them and allocates 5 of its own, and allocates 7 more: for
 * t_trace_file.sh, which looks at the traces of both.
 *
 *   t_trace_fork [late]      late: the child ends when the parent has ended */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MOST = 10,
    LARGE = 1 << 20
};

static void *volatile block[MOST];

static void allocate(int n)
{
    for (int i = 0; i < n; i++)
        block[i] = malloc(LARGE);
}

static void release(int n)
{
    for (int i = 0; i < n; i++)
        free(block[i]);
}

int main(int argc, char **argv)
{
    const int late = argc > 1 && strcmp(argv[1], "late") == 0;
    int ends[2];
    char end;
    int status = 1;
    if (pipe(ends))
        return 1;
    allocate(10);
    const pid_t child = fork();
    if (child == 0) {
        release(10);
        allocate(5);
        close(ends[1]);
        while (late && read(ends[0], &end, 1) > 0)
            ;
        exit(0);
    }
    if (child < 0 || (!late && (waitpid(child, &status, 0) != child || status)))
        return 1;
    release(10);
    allocate(7);
    return 0;
}
