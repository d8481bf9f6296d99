/* Owns arrays, which are linear device memory with a shape.  Takes sim.lock for the handles. */
#define _GNU_SOURCE
#include "sim.h"

struct descriptor {
    size_t width, height;
    int format;
    unsigned channels;
};
struct descriptor3d {
    size_t width, height, depth;
    int format;
    unsigned channels, flags;
};

static unsigned element_bytes(int format)
{
    switch (format) {
    case 0x01:
    case 0x08:
        return 1;
    case 0x02:
    case 0x09:
    case 0x10:
        return 2;
    case 0x03:
    case 0x0a:
    case 0x20:
        return 4;
    default:
        return 0;
    }
}

static CUresult create(CUarray *out, const struct descriptor3d *d)
{
    unsigned element = d ? element_bytes(d->format) * d->channels : 0;
    if (!out || !element || d->width == 0 || d->channels > 4 || d->channels == 3)
        return CUDA_ERROR_INVALID_VALUE;
    size_t rows = (d->height ? d->height : 1) * (d->depth ? d->depth : 1);
    CUdeviceptr memory;
    CUresult rc = sim_device_alloc(sim_ctx_current(), d->width * element * rows, REGION_DEVICE, &memory);
    if (rc != CUDA_SUCCESS)
        return rc;
    struct sim_array *a = sim_alloc(sizeof *a);
    a->memory = memory;
    a->width = d->width;
    a->height = d->height;
    a->depth = d->depth;
    a->pitch = d->width * element;
    a->format = (unsigned)d->format;
    a->channels = d->channels;
    a->flags = d->flags;
    sim_lock();
    sim_handle_add(a, KIND_ARRAY);
    sim_unlock();
    *out = (CUarray)a;
    return CUDA_SUCCESS;
}

CUresult cuArrayCreate_v2(CUarray *out, const struct descriptor *d)
{
    ENTER(cuArrayCreate_v2, EN_UNSAFE);
    if (!d)
        return CUDA_ERROR_INVALID_VALUE;
    struct descriptor3d wide = {d->width, d->height, 0, d->format, d->channels, 0};
    return create(out, &wide);
}

CUresult cuArray3DCreate_v2(CUarray *out, const struct descriptor3d *d)
{
    ENTER(cuArray3DCreate_v2, EN_UNSAFE);
    return create(out, d);
}

static CUresult describe(struct descriptor3d *out, CUarray h)
{
    sim_lock();
    bool known = sim_handle_is(h, KIND_ARRAY);
    if (known) {
        const struct sim_array *a = (const struct sim_array *)h;
        *out = (struct descriptor3d){a->width, a->height, a->depth, (int)a->format, a->channels, a->flags};
    }
    sim_unlock();
    return known ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult cuArrayGetDescriptor_v2(struct descriptor *out, CUarray h)
{
    struct descriptor3d d;
    ENTER(cuArrayGetDescriptor_v2, 0);
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    CUresult rc = describe(&d, h);
    if (rc == CUDA_SUCCESS)
        *out = (struct descriptor){d.width, d.height, d.format, d.channels};
    return rc;
}

CUresult cuArray3DGetDescriptor_v2(struct descriptor3d *out, CUarray h)
{
    ENTER(cuArray3DGetDescriptor_v2, 0);
    return out ? describe(out, h) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuArrayDestroy(CUarray h)
{
    ENTER(cuArrayDestroy, EN_UNSAFE);
    sim_lock();
    bool known = sim_handle_is(h, KIND_ARRAY);
    CUdeviceptr memory = 0;
    if (known) {
        struct sim_array *a = (struct sim_array *)h;
        memory = a->memory;
        sim_wait_ctx(sim_ctx_current());
        sim_handle_remove(a);
        sim_free(a, sizeof *a);
    }
    sim_unlock();
    return known ? sim_device_free((uintptr_t)memory) : CUDA_ERROR_INVALID_HANDLE;
}
