/* Rule 36: however a process ends, with pinned blocks alive, with pins under way, from whichever thread: autopin makes
 * no driver call after the driver has shut down.  Handlers of the program's own may free what is pinned. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    BLOCKS = 8
};
static char *blocks[BLOCKS];

static void at_the_end(void) /* registered before the driver's handler, so it runs after it */
{
    for (int i = 0; i < BLOCKS; i += 2)
        free(blocks[i]);
    for (int i = 0; i < 10; i++) {
        char *block = malloc(BYTES + (size_t)i * 4096);
        memset(block, 1, BYTES);
        free(block);
    }
    blocks[1] = realloc(blocks[1], 2 * BYTES);
    nap_ms(30);
}

static void *exit_here(void *unused)
{
    exit(unused != NULL);
}

static void *allocate_on(void *unused)
{
    for (;;)
        free(malloc(BYTES));
    return unused;
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "return";
    pthread_t thread;
    atexit(at_the_end);
    at_quick_exit(at_the_end);
    begin_client(100);
    const CUdeviceptr device = device_memory(BYTES);
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(BYTES);
        fill(blocks[i], BYTES, i);
    }
    for (int copy = 0; copy < 3; copy++)
        for (int i = 0; i < BLOCKS; i++)
            OK(cu.cuMemcpyHtoD_v2(device, blocks[i], BYTES));
    while (!sim->register_calls) /* the alarm ends a wait in vain */
        nap_ms(1);
    if (strcmp(way, "thread") == 0) {
        SAME(pthread_create(&thread, NULL, exit_here, NULL), 0);
        pthread_join(thread, NULL);
    } else if (strcmp(way, "busy") == 0) {
        SAME(pthread_create(&thread, NULL, allocate_on, NULL), 0);
    } else if (strcmp(way, "quick") == 0) {
        quick_exit(0);
    } else if (strcmp(way, "_exit") == 0) {
        _exit(0);
    }
    return 0;
}
