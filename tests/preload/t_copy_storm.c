/* A storm: eight threads, blocks of 64 KiB to 16 MiB, synchronous and asynchronous copies on several streams, malloc,
 * realloc and free, registrations of the program's own, under a tiny cap.  Every byte is checked; no violation occurs.
 *
 * Arguments: seed, milliseconds, 1 = the program registers memory too.  A failure names the seed. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    THREADS = 8,
    SLOTS = 6,
    STREAMS = 3,
    FEWEST = 50, /* cycles, however long they take */
    DEVICE_BYTES = 16 * MIB
};

struct slot {
    char *base;
    size_t bytes;
    uint64_t seed;
    char *registered; /* where a registration of the program's own begins */
};

struct worker {
    uint64_t random, n_seeds;
    CUdeviceptr device;
    CUstream stream[STREAMS];
    struct slot slot[SLOTS];
};

static CUcontext context;
static uint64_t seed, deadline_ns;
static int registers;
static _Atomic uint64_t cycles;

static uint64_t random_below(struct worker *w, uint64_t n)
{
    w->random = w->random * 6364136223846793005ull + 1442695040888963407ull;
    return (w->random >> 33) % n;
}

/* Mostly small: 64 KiB to 1 MiB, one in eight up to 16 MiB. */
static size_t random_size(struct worker *w)
{
    const size_t most = random_below(w, 8) ? 1 * MIB : 16 * MIB;
    return 64 * KIB + random_below(w, most - 64 * KIB + 1);
}

static void check_range(const struct slot *s, const char *at, size_t from, size_t bytes, const char *what)
{
    for (size_t done = 0; done < bytes; done += 8) {
        const uint64_t word = word_of(s->seed, (from + done) / 8);
        if (memcmp(at + done, &word, bytes - done < 8 ? bytes - done : 8) != 0) {
            fprintf(stderr, "seed %llu: %s: wrong at %zu of [%zu, +%zu) of a block of %zu\n", (unsigned long long)seed,
                    what, done, from, bytes, s->bytes);
            _exit(1);
        }
    }
}

static void renew(struct worker *w, struct slot *s)
{
    s->bytes = random_size(w);
    s->base = malloc(s->bytes);
    CHECK(s->base);
    s->seed = w->n_seeds++;
    fill(s->base, s->bytes, s->seed);
}

static void end_registration(struct slot *s)
{
    if (s->registered)
        OK(cu.cuMemHostUnregister(s->registered));
    s->registered = NULL;
}

static void begin_registration(struct worker *w, struct slot *s)
{
    const size_t pages = s->bytes / 4096, from = random_below(w, 2) ? 0 : random_below(w, pages);
    const size_t bytes = from ? (1 + random_below(w, pages - from)) * 4096 : s->bytes;
    char *at = (char *)(((uintptr_t)s->base + 4095) & ~(uintptr_t)4095) + from * 4096;
    if (s->registered || at + bytes > s->base + s->bytes)
        return;
    if (cu.cuMemHostRegister_v2(at, bytes, 0) == CUDA_SUCCESS) /* a fault may be injected here too */
        s->registered = at;
}

/* There and back again: the source is spoilt as soon as the first copy has returned, the result read when the second.
 */
static void cycle(struct worker *w, struct slot *s)
{
    const int way = (int)random_below(w, 4);
    const size_t from = random_below(w, s->bytes / 8) * 8, most = s->bytes - from;
    const size_t bytes =
        random_below(w, 3) ? 1 + random_below(w, most) : 1 + random_below(w, most < 65536 ? most : 65536);
    CUstream stream = w->stream[random_below(w, STREAMS)];
    char *host = s->base + from;
    const CUdeviceptr address = (CUdeviceptr)(uintptr_t)host;
    if (s->registered && (way & 1)) /* such copies really are asynchronous, and may straddle a registration */
        end_registration(s);
    if (s->registered && cu.cuMemcpyHtoD_v2(w->device, host, bytes) != CUDA_SUCCESS)
        return;
    OK(way == 0   ? cu.cuMemcpyHtoD_v2(w->device, host, bytes)
       : way == 1 ? cu.cuMemcpyHtoDAsync_v2(w->device, host, bytes, stream)
       : way == 2 ? cu.cuMemcpy(w->device, address, bytes)
                  : cu.cuMemcpyAsync(w->device, address, bytes, stream));
    memset(host, 0x5a, bytes);
    OK(cu.cuStreamSynchronize(stream));
    check_range(s, (const char *)(uintptr_t)w->device, from, bytes, "on the device");
    if (way == 0)
        OK(cu.cuMemcpyDtoH_v2(host, w->device, bytes));
    else if (way == 2)
        OK(cu.cuMemcpy(address, w->device, bytes));
    else
        OK(cu.cuMemcpyDtoHAsync_v2(host, w->device, bytes, stream));
    check_range(s, host, from, bytes, "back");
    atomic_fetch_add(&cycles, 1);
}

static void resize(struct worker *w, struct slot *s)
{
    const size_t bytes = random_size(w), kept = bytes < s->bytes ? bytes : s->bytes;
    end_registration(s);
    s->base = realloc(s->base, bytes);
    CHECK(s->base);
    s->bytes = bytes;
    check_range(s, s->base, 0, kept & ~(size_t)7, "after realloc");
    fill(s->base, bytes, s->seed = w->n_seeds++);
}

static void step(struct worker *w)
{
    struct slot *s = &w->slot[random_below(w, SLOTS)];
    const uint64_t what = random_below(w, 100);
    if (!s->base) {
        renew(w, s);
    } else if (what < 70) {
        cycle(w, s);
    } else if (what < 78) {
        resize(w, s);
    } else if (what < 85 && registers) {
        begin_registration(w, s);
    } else if (what < 90) {
        end_registration(s);
    } else {
        end_registration(s);
        check_range(s, s->base, 0, s->bytes, "before free");
        free(s->base);
        s->base = NULL;
    }
}

static void *storm(void *arg)
{
    struct worker *w = calloc(1, sizeof *w);
    w->random = seed * THREADS + (uint64_t)(uintptr_t)arg;
    w->n_seeds = (uint64_t)(uintptr_t)arg << 32;
    OK(cu.cuCtxSetCurrent(context));
    w->device = device_memory(DEVICE_BYTES);
    w->stream[0] = CU_STREAM_PER_THREAD;
    for (int i = 1; i < STREAMS; i++)
        w->stream[i] = new_stream();
    while (now_ns() < deadline_ns || cycles <= FEWEST)
        step(w);
    for (int i = 0; i < SLOTS; i++) {
        end_registration(&w->slot[i]);
        free(w->slot[i].base);
    }
    free(w);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    const uint64_t ms = argc > 2 ? strtoull(argv[2], NULL, 10) : 3000;
    registers = argc > 3 && *argv[3] == '1';
    context = begin_client(60);
    deadline_ns = now_ns() + ms * 1000000;
    for (uintptr_t i = 0; i < THREADS; i++)
        SAME(pthread_create(&threads[i], NULL, storm, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    fprintf(stderr, "%llu cycles, %llu registrations, peak %llu KiB in %llu\n", (unsigned long long)cycles,
            (unsigned long long)sim->register_calls, (unsigned long long)sim->registered_bytes_peak >> 10,
            (unsigned long long)sim->regions_peak);
    CHECK(cycles > FEWEST);
    SAME(sim->violations, 0);
    if (!registers)
        SAME(sim->straddles, 0);
    if (!registers)
        CHECK(sim->registered_bytes_peak <= 24 * MIB);
    return 0;
}
