/* A thread that is to be cancelled is not cancelled inside malloc or free, which are no cancellation points (rule 35):
 * not at the first large block, when autopin reads its configuration, and not when it has something to say.
 *
 * build: -pthread
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "t_malloc_help.h"

static int came_through;

static void *body(void *unused)
{
    pthread_cancel(pthread_self()); /* deferred: takes effect at the next cancellation point */
    char *ptr = malloc(4 * MiB);
    ptr[0] = 1;
    free(ptr + 64); /* autopin says something about it */
    free(ptr);
    came_through = 1;
    pthread_testcancel();
    CHECK(0, "the thread was not cancelled");
    return unused;
}

int main(void)
{
    pthread_t thread;
    void *result = NULL;
    CHECK(pthread_create(&thread, NULL, body, NULL) == 0, "no thread");
    pthread_join(thread, &result);
    CHECK(came_through, "the thread ended inside malloc or free");
    CHECK(result == PTHREAD_CANCELED, "the thread was not cancelled where it should be");
    return check_result();
}
