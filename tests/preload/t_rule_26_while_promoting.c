/* Rule 26 at every instant: one thread asks about a block in a tight loop while another one's copies have it pinned,
 * and the ends of their contexts have it unpinned, again and again. */
#define _GNU_SOURCE
#include "sim_client_answers.h"

enum {
    BYTES = 128 * KIB,
    ROUNDS = 150
};
static char *block;
static CUcontext asking;
static atomic_int stop, asked;

static void *ask_all_the_time(void *arg)
{
    const struct answers *before = arg;
    struct answers now;
    OK(cu.cuCtxSetCurrent(asking));
    while (!atomic_load(&stop)) {
        ask(&now, block + 4096);
        same_answers(before, &now, "while promoting");
        atomic_fetch_add(&asked, 1);
    }
    return NULL;
}

/* Pinned by the first copies, unpinned when the context ends, after a few more answers; every other time that comes as
 * soon as it may, wherever the promotion is by then. */
static void promote_and_demote(uint64_t seed, int at_once)
{
    CUcontext context = new_context();
    const CUdeviceptr device = device_memory(BYTES);
    const int before = atomic_load(&asked);
    for (int i = 0; i < 2 || (!at_once && (atomic_load(&asked) < before + 3 || sim->registered_regions == 0)); i++) {
        OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
        DEVICE_HOLDS(device, BYTES, seed);
    }
    OK(cu.cuCtxDestroy_v2(context));
}

int main(void)
{
    struct answers before;
    pthread_t thread;
    asking = begin_client(100);
    fill(block = malloc(BYTES), BYTES, 3);
    ask(&before, block + 4096);
    SAME(before.flags_rc, CUDA_ERROR_INVALID_VALUE);
    SAME(pthread_create(&thread, NULL, ask_all_the_time, &before), 0);
    for (int round = 0; round < ROUNDS; round++)
        promote_and_demote(3, round % 2);
    atomic_store(&stop, 1);
    pthread_join(thread, NULL);
    CHECK(sim->register_calls >= ROUNDS / 2);
    SAME(sim->leaked_registrations, 0);
    SAME(sim->violations, 0);
    return 0;
}
