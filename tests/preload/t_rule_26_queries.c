/* Rule 26: every query about a pinned block answers, byte for byte, what it answered while the block was pageable; also
 * at every moment of a promotion. */
#define _GNU_SOURCE
#include "sim_client.h"

enum {
    BYTES = 1 * MIB,
    ATTRIBUTES = 20
};

struct answers {
    CUresult rc[ATTRIBUTES + 1], all_rc, two_rc, flags_rc, pointer_rc;
    unsigned char single[ATTRIBUTES + 1][32], all[ATTRIBUTES][32], two[2][32];
    unsigned flags;
    CUdeviceptr pointer;
};

static void ask(struct answers *out, char *at)
{
    int all[ATTRIBUTES], two[2] = {CU_POINTER_ATTRIBUTE_HOST_POINTER, CU_POINTER_ATTRIBUTE_DEVICE_POINTER};
    void *data[ATTRIBUTES], *two_data[2] = {out->two[0], out->two[1]};
    memset(out, 0xa5, sizeof *out);
    for (int i = 1; i <= ATTRIBUTES; i++)
        out->rc[i] = cu.cuPointerGetAttribute(out->single[i], i, (CUdeviceptr)(uintptr_t)at);
    for (int i = 0; i < ATTRIBUTES; i++) {
        all[i] = i + 1;
        data[i] = out->all[i];
    }
    out->all_rc = cu.cuPointerGetAttributes(ATTRIBUTES, all, data, (CUdeviceptr)(uintptr_t)at);
    out->two_rc = cu.cuPointerGetAttributes(2, two, two_data, (CUdeviceptr)(uintptr_t)at);
    out->flags_rc = cu.cuMemHostGetFlags(&out->flags, at);
    out->pointer_rc = cu.cuMemHostGetDevicePointer_v2(&out->pointer, at, 0);
}

static void same_answers(const struct answers *a, const struct answers *b, const char *when)
{
    for (int i = 1; i <= ATTRIBUTES; i++)
        if (a->rc[i] != b->rc[i] || memcmp(a->single[i], b->single[i], 32) != 0) {
            fprintf(stderr, "%s: attribute %d: pageable %d %llx, now %d %llx\n", when, i, a->rc[i],
                    *(const unsigned long long *)a->single[i], b->rc[i], *(const unsigned long long *)b->single[i]);
            _exit(1);
        }
    CHECK(memcmp(a, b, sizeof *a) == 0);
}

static const size_t places[] = {0, 1, 4096, BYTES / 2 + 3, BYTES - 1};

int main(int argc, char **argv)
{
    struct answers before[5], after;
    const int waiting = argc > 1 && strcmp(argv[1], "waiting") == 0;
    begin_client(20);
    const CUdeviceptr device = device_memory(BYTES);
    free(promoted_block(BYTES, 1));
    for (int round = 0; round < (waiting ? 3 : 60); round++) {
        const size_t bytes = BYTES + (size_t)round * 64 * KIB;
        char *block = malloc(bytes);
        for (int i = 0; i < 5; i++)
            ask(&before[i], block + places[i]);
        SAME(before[0].flags_rc, CUDA_ERROR_INVALID_VALUE);
        OK(cu.cuMemcpyHtoD_v2(device, block, BYTES));
        for (int again = 0; again < (waiting ? 2 : 10); again++)
            for (int i = 0; i < 5; i++) {
                ask(&after, block + places[i]);
                same_answers(&before[i], &after, "promoted");
            }
        if (waiting)
            SAME(sim->registered_regions, round + 2);
    }
    CHECK(sim->register_calls > 1);
    return 0;
}
