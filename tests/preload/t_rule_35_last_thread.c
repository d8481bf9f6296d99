/* Rule 35: a process whose main thread has ended goes on until its last thread ends, and no longer: a thread of
 * autopin's keeps nothing alive. */
#define _GNU_SOURCE
#include "sim_client.h"

static void *work(void *unused)
{
    for (int i = 0; i < 200; i++) {
        char *block = malloc(8 * MIB);
        memset(block, i, 8 * MIB);
        free(block);
    }
    return unused;
}

int main(void)
{
    pthread_t thread;
    alarm(100);
    SAME(pthread_create(&thread, NULL, work, NULL), 0);
    pthread_exit(NULL);
}
