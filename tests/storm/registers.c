/* Registrations of the program's own, and what the driver says of memory. */
#include "storm.h"

enum {
    PORTABLE = 1,
    MEMORY_TYPE = 2 /* CU_POINTER_ATTRIBUTE_MEMORY_TYPE */
};

static void expect(const struct worker *w, CUresult result, CUresult expected, const char *what)
{
    if (result != expected && !(storm.faults && result != CUDA_SUCCESS))
        wrong(w, "%s answered %d, not %d", what, result, expected);
}

void slot_register(struct worker *w, struct slot *s)
{
    const unsigned flags = (unsigned)draw(w, 3);
    const int whole = (int)draw(w, 2);
    const uint64_t begin = draw(w, 1 << 20), many = draw(w, 1 << 20);
    const uintptr_t first = ((uintptr_t)s->base + PAGE - 1) / PAGE, last = (uintptr_t)(s->base + s->bytes) / PAGE;
    char *at = s->base;
    size_t bytes = s->bytes;
    if (s->registered) {
        expect(w, cu.cuMemHostRegister_v2(s->registered, s->registered_bytes, flags),
               CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, "a second registration");
        return;
    }
    if (!whole && last > first) {
        const uintptr_t skip = begin % (last - first);
        at = (char *)((first + skip) * PAGE);
        bytes = (1 + many % (last - first - skip)) * PAGE;
    }
    if (!TRY(w, cu.cuMemHostRegister_v2(at, bytes, flags)))
        return;
    s->registered = at;
    s->registered_bytes = bytes;
    s->registered_in = flags & PORTABLE ? NULL : w->at->context;
    did(bytes == s->bytes ? K_register_whole : K_register_part);
}

void slot_unregister(struct worker *w, struct slot *s)
{
    if (!s->registered)
        return;
    INSIST(w, cu.cuMemHostUnregister(s->registered));
    expect(w, cu.cuMemHostUnregister(s->registered), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, "a second unregistration");
    s->registered = NULL;
}

/* Memory that the program did not register looks pageable, whatever autopin has done with it. */
void slot_query(struct worker *w, const struct slot *s)
{
    unsigned flags = 0;
    int type = 0;
    CUdeviceptr device = 0;
    char *at = s->registered ? s->registered : s->base;
    const CUresult expected = s->registered ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    expect(w, cu.cuMemHostGetFlags(&flags, at), expected, "cuMemHostGetFlags");
    expect(w, cu.cuMemHostGetDevicePointer_v2(&device, at, 0), expected, "cuMemHostGetDevicePointer");
    expect(w, cu.cuPointerGetAttribute(&type, MEMORY_TYPE, (CUdeviceptr)(uintptr_t)at), expected,
           "cuPointerGetAttribute");
    did(K_query);
}
