/* Everything that a program can ask the driver about one address, and whether two sets of answers are the same.  For
 * tests that include sim_client.h. */
#ifndef SIM_CLIENT_ANSWERS_H
#define SIM_CLIENT_ANSWERS_H

#include "sim_client.h"

enum {
    ATTRIBUTES = 20
};

struct answers {
    CUresult rc[ATTRIBUTES + 1], all_rc, two_rc, flags_rc, pointer_rc;
    unsigned char single[ATTRIBUTES + 1][32], all[ATTRIBUTES][32], two[2][32];
    unsigned flags;
    CUdeviceptr pointer;
};

static UNUSED void ask(struct answers *out, char *at)
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

static UNUSED void same_answers(const struct answers *a, const struct answers *b, const char *when)
{
    for (int i = 1; i <= ATTRIBUTES; i++)
        if (a->rc[i] != b->rc[i] || memcmp(a->single[i], b->single[i], 32) != 0) {
            fprintf(stderr, "%s: attribute %d: pageable %d %llx, now %d %llx\n", when, i, a->rc[i],
                    *(const unsigned long long *)a->single[i], b->rc[i], *(const unsigned long long *)b->single[i]);
            _exit(1);
        }
    CHECK(memcmp(a, b, sizeof *a) == 0);
}

#endif
