/* Rule 27 for staged copies: contexts end with slots that are idle, slots in flight, and slots that another context's
 * copies use; no registration is left behind, nothing is unregistered under a copy, and copies go on being right. */
#define _GNU_SOURCE
#include "sim_client_staged.h"

enum {
    BYTES = 700 * KIB,
    LARGE = 12 * MIB
};
static CUdeviceptr device;
static char *host;

/* `alone`: there are slots for certain. */
static void copy_and_check(CUcontext context, uint64_t seed, int alone)
{
    OK(cu.cuCtxSetCurrent(context));
    CUstream stream = new_stream();
    device = device_memory(LARGE);
    fill(host, LARGE, seed);
    CHECK(goes_staged(2, host, device, LARGE, stream) || !alone);
    OK(cu.cuStreamSynchronize(stream));
    memset(host, 0, LARGE);
    CHECK(goes_staged(3, host, device, LARGE, stream) || !alone);
    HOLDS(host, LARGE, seed);
    OK(cu.cuStreamDestroy_v2(stream));
}

static void idle(void)
{
    CUcontext context = new_context();
    copy_and_check(context, 1, 1);
    CHECK(sim->registered_regions > 0);
    OK(cu.cuCtxDestroy_v2(context));
    SAME(sim->registered_regions, 0);
}

/* The transfers end before the context does. */
static void in_flight(void)
{
    struct gate gate = {0};
    CUcontext context = new_context();
    CUstream stream = new_stream();
    device = device_memory(BYTES);
    fill(host, BYTES, 2);
    block_stream(stream, &gate);
    CHECK(goes_staged(2, host, device, BYTES, stream));
    CHECK(sim->registered_regions > 0);
    const pthread_t opener = open_soon(&gate);
    OK(cu.cuCtxDestroy_v2(context));
    pthread_join(opener, NULL);
    SAME(sim->registered_regions, 0);
}

enum slots {
    MANY,    /* each context can have as many as it wants */
    FEW,     /* some of them it may have to borrow */
    BORROWED /* all */
};

/* The first context's slots are registered there; the second one's transfers wait.  Where there may be no more slots it
 * uses the first one's, and to end that one waits for them; else it has its own, and nobody waits. */
static void used_elsewhere(enum slots slots)
{
    struct gate gate = {0};
    CUcontext first = new_context();
    copy_and_check(first, 3, 1);
    const uint64_t registered = sim->register_calls;
    CUcontext second = new_context();
    CUstream stream = new_stream();
    device = device_memory(BYTES);
    fill(host, BYTES, 4);
    block_stream(stream, &gate);
    CHECK(goes_staged(2, host, device, BYTES, stream));
    memset(host, 0, BYTES);
    CHECK(slots == BORROWED ? sim->register_calls == registered : sim->register_calls > registered);
    const pthread_t opener = slots == MANY ? 0 : open_soon(&gate);
    OK(cu.cuCtxDestroy_v2(first));
    if (slots != MANY)
        pthread_join(opener, NULL);
    else
        atomic_store(&gate.open, 1);
    SAME(sim->registered_regions, sim->register_calls - registered);
    OK(cu.cuCtxSetCurrent(second));
    OK(cu.cuStreamSynchronize(stream));
    DEVICE_HOLDS(device, BYTES, 4);
    copy_and_check(second, 5, 1);
    OK(cu.cuCtxDestroy_v2(second));
    SAME(sim->registered_regions, 0);
}

struct user {
    CUcontext context;
    atomic_int stop, rounds;
};

static void *use(void *arg)
{
    struct user *user = arg;
    OK(cu.cuCtxSetCurrent(user->context));
    CUstream stream = new_stream();
    const CUdeviceptr there = device_memory(LARGE);
    char *own = mapped(LARGE);
    for (uint64_t i = 0; !atomic_load(&user->stop); i++) {
        fill(own, LARGE, i);
        OK(cu.cuMemcpyHtoDAsync_v2(there, own, LARGE, stream));
        memset(own, 0, LARGE);
        OK(cu.cuMemcpyDtoHAsync_v2(own, there, LARGE, stream));
        HOLDS(own, LARGE, i);
        atomic_fetch_add(&user->rounds, 1);
    }
    munmap(own, LARGE);
    return NULL;
}

/* One context's thread copies on and on while others are made, used and ended. */
static void meanwhile(void)
{
    struct user user = {.context = new_context()};
    pthread_t thread;
    SAME(pthread_create(&thread, NULL, use, &user), 0);
    for (uint64_t i = 0; i < 30; i++) {
        CUcontext brief = new_context();
        copy_and_check(brief, i, 0);
        OK(cu.cuCtxDestroy_v2(brief));
    }
    while (user.rounds < 3)
        nap_ms(1);
    atomic_store(&user.stop, 1);
    SAME(pthread_join(thread, NULL), 0);
    OK(cu.cuCtxDestroy_v2(user.context));
    SAME(sim->registered_regions, 0);
}

static void primary(void)
{
    CUcontext context = NULL;
    OK(cu.cuDevicePrimaryCtxRetain(&context, 0));
    copy_and_check(context, 6, 1);
    OK(cu.cuDevicePrimaryCtxReset_v2(0));
    SAME(sim->registered_regions, 0);
    OK(cu.cuDevicePrimaryCtxRelease_v2(0));
    OK(cu.cuDevicePrimaryCtxRetain(&context, 0));
    copy_and_check(context, 7, 1);
    OK(cu.cuDevicePrimaryCtxRelease_v2(0));
    SAME(sim->registered_regions, 0);
}

int main(int argc, char **argv)
{
    const enum slots slots = argc < 2 ? MANY : strcmp(argv[1], "borrowed") == 0 ? BORROWED : FEW;
    CUcontext unused = begin_client(100);
    OK(cu.cuCtxDestroy_v2(unused));
    host = mapped(LARGE);
    for (int i = 0; i < 3; i++) {
        idle();
        in_flight();
        used_elsewhere(slots);
        primary();
    }
    if (slots != BORROWED)
        meanwhile();
    SAME(sim->leaked_registrations, 0);
    SAME(sim->violations, 0);
    return 0;
}
