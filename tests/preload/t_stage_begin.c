/* The first slots of a process take long: copies begin plainly meanwhile, in parts, and are staged from where they have
 * come to when the slots are there.  Contexts end while slots are being made in them (rule 27), the process forks (rule
 * 28), and every byte arrives. */
#define _GNU_SOURCE
#include "sim_client_staged.h"

enum {
    BYTES = 32 * MIB,
    PART = 8 * MIB,
    SMALL = 64 * KIB, /* never staged */
    SLOTS = 3
};
static CUdeviceptr device;

static CUcontext begin_context(void)
{
    CUcontext context = new_context();
    OK(cu.cuCtxSetCurrent(context));
    device = device_memory(BYTES);
    return context;
}

struct seen {
    uint64_t parts, chunks; /* of one copy */
};

/* Copies to the device and back, the one way in this shape and the other in copies that are too small to be staged, in
 * a context that ends then. */
static struct seen there_and_back(int shape, char *host, uint64_t seed)
{
    CUcontext context = begin_context();
    CUstream stream = new_stream();
    struct seen seen;
    fill(host, BYTES, seed);
    for (size_t at = 0; to_host(shape) && at < BYTES; at += SMALL)
        OK(cu.cuMemcpyHtoD_v2(device + at, host + at, SMALL));
    if (to_host(shape))
        memset(host, 0, BYTES);
    seen = (struct seen){plain_copies(), chunks()};
    OK(copy_shape(shape, host, device, BYTES, stream));
    seen = (struct seen){plain_copies() - seen.parts, chunks() - seen.chunks};
    if (!to_host(shape))
        memset(host, 0, BYTES); /* pageable memory may be changed as soon as the call has returned */
    OK(cu.cuStreamSynchronize(stream));
    for (size_t at = 0; !to_host(shape) && at < BYTES; at += SMALL)
        OK(cu.cuMemcpyDtoH_v2(host + at, device + at, SMALL));
    HOLDS(host, BYTES, seed);
    OK(cu.cuCtxDestroy_v2(context)); /* while a slot is being made there */
    SAME(sim->registered_regions, 0);
    return seen;
}

/* Before there is a slot: in parts, and nothing is staged. */
static void begins_plainly(char *host)
{
    for (int shape = 0; shape < 4; shape++) {
        const struct seen seen = there_and_back(shape, host, (uint64_t)shape + 1);
        SAME(seen.parts, BYTES / PART);
        SAME(seen.chunks, 0);
    }
}

/* The slots come while a copy is going on; if they do not this time, they will next time. */
static void changes_over(char *host)
{
    for (int shape = 0; shape < 4; shape++) {
        struct seen seen = {0};
        for (int i = 0; i < 20 && !(seen.parts && seen.chunks); i++)
            seen = there_and_back(shape, host, (uint64_t)(10 * shape + i));
        CHECK(seen.parts && seen.parts < BYTES / PART && seen.chunks);
    }
}

/* As soon as the slots are there. */
static void then_staged(char *host)
{
    (void)begin_context();
    CUstream stream = new_stream();
    fill(host, BYTES, 7);
    while (!goes_staged(0, host, device, BYTES, stream))
        ;
    memset(host, 0, BYTES);
    CHECK(goes_staged(1, host, device, BYTES, stream));
    HOLDS(host, BYTES, 7);
    CHECK(sim->registered_regions >= SLOTS);
}

/* Another thread begins to capture after the copy has begun: neither is any of the other's business. */
static _Atomic int copying;

static void *capture(void *context)
{
    CUgraph graph = NULL;
    OK(cu.cuCtxSetCurrent(context));
    CUstream stream = new_stream();
    const uint64_t before = plain_copies();
    while (copying && plain_copies() == before)
        ;
    OK(cu.cuStreamBeginCapture_v2(stream, 0));
    while (copying)
        ;
    OK(cu.cuStreamEndCapture(stream, &graph));
    OK(cu.cuGraphDestroy(graph));
    return NULL;
}

static void is_no_capture(char *host)
{
    pthread_t thread;
    CUcontext context = begin_context();
    const uint64_t before = plain_copies();
    fill(host, BYTES, 8);
    copying = 1;
    SAME(pthread_create(&thread, NULL, capture, context), 0);
    OK(copy_shape(0, host, device, BYTES, NULL));
    CHECK(plain_copies() - before > 1);
    copying = 0;
    SAME(pthread_join(thread, NULL), 0);
    memset(host, 0, BYTES);
    OK(copy_shape(1, host, device, BYTES, NULL));
    HOLDS(host, BYTES, 8);
    OK(cu.cuCtxDestroy_v2(context));
}

/* There may be fewer slots than are wanted: a copy does not begin plainly each time to learn that. */
static void makes_do(char *host)
{
    int staged = 0;
    (void)begin_context();
    fill(host, BYTES, 6);
    while (!goes_staged(0, host, device, BYTES, NULL))
        ;
    for (int i = 0; i < 20; i++)
        staged += goes_staged(0, host, device, BYTES, NULL);
    CHECK(staged > 16); /* it asks again now and then */
    SAME(sim->registered_regions, 1);
}

/* A child has no slots and no driver; the parent's go on being made. */
static void forks(char *host)
{
    int status = -1;
    CUcontext context = begin_context();
    fill(host, BYTES, 9);
    OK(copy_shape(0, host, device, BYTES, NULL));
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    SAME(waitpid(child, &status, 0), child);
    SAME(status, 0);
    memset(host, 0, BYTES);
    OK(copy_shape(1, host, device, BYTES, NULL));
    HOLDS(host, BYTES, 9);
    OK(cu.cuCtxDestroy_v2(context));
    SAME(sim->registered_regions, 0);
}

int main(int argc, char **argv)
{
    begin_client(110);
    char *host = argc > 1 && strcmp(argv[1], "block") == 0 ? malloc(BYTES) : mapped(BYTES);
    CHECK(host);
    const char *what = argc > 2 ? argv[2] : "";
    if (strcmp(what, "change") == 0) {
        changes_over(host);
    } else if (strcmp(what, "capture") == 0) {
        is_no_capture(host);
    } else if (strcmp(what, "few") == 0) {
        makes_do(host);
    } else if (strcmp(what, "none") == 0) { /* for t_stage_begin_told.sh */
        there_and_back(0, host, 5);
    } else {
        begins_plainly(host);
        forks(host);
        then_staged(host);
    }
    return 0;
}
