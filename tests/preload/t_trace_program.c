/* A program with several call sites, for t_trace_predicts.sh: weights that are copied once, two working sets that take
 * turns, results that come back, and a temporary in every round.
 *
 * build: -rdynamic
 */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    WEIGHTS = 6,
    SET = 4,
    TURNS = 6,
    ROUNDS = 6,
    LARGE = 8 * MIB
};

static CUdeviceptr device;

/* Each kind is allocated by a function of its own, so that each is a site. */
#define SITE(name, bytes)                                                                                              \
    __attribute__((noinline)) void *name(void)                                                                         \
    {                                                                                                                  \
        void *volatile block = malloc(bytes);                                                                          \
        CHECK(block);                                                                                                  \
        memset(block, 1, bytes);                                                                                       \
        return block;                                                                                                  \
    }
SITE(make_weights, LARGE)
SITE(make_first, LARGE)
SITE(make_second, LARGE)
SITE(make_result, LARGE / 2)
SITE(make_temporary, LARGE + LARGE / 4)

static void to_device(const void *block, size_t bytes)
{
    OK(cu.cuMemcpyHtoD_v2(device, block, bytes));
}

static void one_round(void *const *set, void *result)
{
    void *temporary = make_temporary();
    to_device(temporary, LARGE);
    for (int i = 0; i < SET; i++)
        to_device(set[i], LARGE);
    OK(cu.cuMemcpyDtoH_v2(result, device, LARGE / 2));
    free(temporary);
}

int main(void)
{
    void *weights[WEIGHTS], *set[2][SET];
    begin_client(100);
    device = device_memory(2 * LARGE);
    void *result = make_result();
    for (int i = 0; i < WEIGHTS; i++)
        to_device(weights[i] = make_weights(), LARGE);
    for (int i = 0; i < SET; i++) {
        set[0][i] = make_first();
        set[1][i] = make_second();
    }
    for (int turn = 0; turn < TURNS; turn++)
        for (int i = 0; i < ROUNDS; i++)
            one_round(set[turn & 1], result);
    for (int i = 0; i < WEIGHTS; i++)
        free(weights[i]);
    return 0;
}
