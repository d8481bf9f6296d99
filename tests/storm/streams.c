/* What else goes on in a stream: functions of the host, which allocate and free. */
#define _GNU_SOURCE
#include "storm.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void host_work(void *arg)
{
    const size_t bytes = (size_t)(uintptr_t)arg;
    const struct timespec nap = {0, (long)(bytes % 300) * 1000};
    unsigned char *mem = malloc(bytes);
    if (!mem)
        wrong(NULL, "no memory in a host function");
    memset(mem, 0x77, bytes);
    nanosleep(&nap, NULL);
    if (mem[0] != 0x77 || mem[bytes / 2] != 0x77 || mem[bytes - 1] != 0x77)
        wrong(NULL, "memory of a host function changed");
    free(mem);
}

static void host_function(void *arg)
{
    host_work(arg);
    did(K_host_function);
}

static void callback(CUstream stream, CUresult status, void *arg)
{
    (void)stream;
    (void)status;
    host_work(arg);
    did(K_callback);
}

void stream_call_host(struct worker *w)
{
    CUstream stream = w->at->stream[draw(w, STREAMS)];
    void *bytes = (void *)(uintptr_t)(PAGE + draw(w, 512 * KIB));
    if (draw(w, 2))
        (void)TRY(w, cu.cuLaunchHostFunc(stream, host_function, bytes));
    else
        (void)TRY(w, cu.cuStreamAddCallback(stream, callback, bytes, 0));
}
