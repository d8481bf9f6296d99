/* Allocates 10 large blocks, forks a child that frees them and allocates 5 of its own, and allocates 7 more: for
 * t_trace_file.sh, which looks at the traces of both. */
#include <stdio.h>
#include <stdlib.h>
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

int main(void)
{
    int status = 1;
    allocate(10);
    const pid_t child = fork();
    if (child == 0) {
        release(10);
        allocate(5);
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status)
        return 1;
    release(10);
    allocate(7);
    return 0;
}
