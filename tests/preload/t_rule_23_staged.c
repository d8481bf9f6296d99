/* Rules 19 and 23 for staged copies: slots whose transfers wait for their streams are not used for others, however many
 * copies come; two threads that stage at once both get slots; and nothing but slots is ever registered. */
#define _GNU_SOURCE
#include "sim_client_staged.h"

enum {
    BYTES = 700 * KIB, /* three chunks */
    STREAMS = 12,
    ROUNDS = 20,
    LARGE = 24 * MIB
};
static CUcontext context;

/* More copies than there are slots for: those that find none go as they are, which takes as long as their stream. */
static void gated_streams(void)
{
    struct gate gates[STREAMS] = {0};
    CUstream streams[STREAMS];
    CUdeviceptr device[STREAMS];
    char *host = mapped(BYTES);
    uint64_t staged = 0;
    for (int i = 0; i < STREAMS; i++) {
        streams[i] = new_stream();
        device[i] = device_memory(BYTES);
    }
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t before = chunks();
        for (int i = 0; i < STREAMS; i++) {
            block_stream(streams[i], &gates[i]);
            fill(host, BYTES, (uint64_t)(round * STREAMS + i));
            if (chunks() - before > 3 * 8) /* 32 slots: this one could be without */
                atomic_store(&gates[i].open, 1);
            OK(cu.cuMemcpyHtoDAsync_v2(device[i], host, BYTES, streams[i]));
        }
        staged += chunks() - before;
        for (int i = STREAMS; i-- > 0;) /* the last first */
            atomic_store(&gates[i].open, 1);
        OK(cu.cuCtxSynchronize());
        for (int i = 0; i < STREAMS; i++)
            DEVICE_HOLDS(device[i], BYTES, (uint64_t)(round * STREAMS + i));
    }
    CHECK(staged > ROUNDS * 3 * 8);
}

struct half {
    pthread_barrier_t *both;
    uint64_t seed;
};

static void *stage_much(void *arg)
{
    const struct half *half = arg;
    OK(cu.cuCtxSetCurrent(context));
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(LARGE);
    char *host = mapped(LARGE);
    for (uint64_t i = 0; i < 10; i++) {
        pthread_barrier_wait(half->both);
        fill(host, LARGE, half->seed + i);
        OK(cu.cuMemcpyHtoDAsync_v2(device, host, LARGE, stream));
        memset(host, 0, LARGE);
        OK(cu.cuMemcpyDtoHAsync_v2(host, device, LARGE, stream));
        HOLDS(host, LARGE, half->seed + i);
    }
    munmap(host, LARGE);
    return NULL;
}

static void two_threads(void)
{
    pthread_barrier_t both;
    pthread_t threads[2];
    struct half halves[2];
    const uint64_t plain = plain_copies();
    pthread_barrier_init(&both, NULL, 2);
    for (int i = 0; i < 2; i++) {
        halves[i] = (struct half){&both, (uint64_t)i * 1000};
        SAME(pthread_create(&threads[i], NULL, stage_much, &halves[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        SAME(pthread_join(threads[i], NULL), 0);
    SAME(plain_copies(), plain);
}

/* Every kind of memory that is copied; what the driver has then been asked to pin is slots, each of one size. */
static void only_slots(void)
{
    CHECK(sim->register_calls >= 3 && sim->register_calls <= 32);
    SAME(sim->registered_regions, sim->register_calls);
    SAME(sim->registered_bytes, sim->register_calls * SLOT);
    SAME(sim->registered_bytes_total, sim->register_calls * SLOT);
    SAME(sim->host_alloc_bytes_peak, 0);
}

int main(void)
{
    static char fixed[BYTES];
    context = begin_client(100);
    CUstream stream = new_stream();
    const CUdeviceptr device = device_memory(BYTES);
    char *const kinds[] = {fixed, mapped_file(BYTES, MAP_SHARED), mapped_file(BYTES, MAP_PRIVATE), malloc(BYTES)};
    for (int kind = 0; kind < 4; kind++)
        for (int shape = 0; shape < SHAPES; shape++) {
            CHECK(goes_staged(shape, kinds[kind], device, BYTES, shape & 8 ? NULL : stream));
            OK(cu.cuCtxSynchronize());
        }
    only_slots();
    gated_streams();
    only_slots();
    two_threads();
    only_slots();
    SAME(sim->violations, 0);
    return 0;
}
