/* What may be staged.  See stage.h.  Lock: none. */
#include <errno.h>

#include "stage.h"

typedef CUresult (*range_fn)(CUdeviceptr *, size_t *, CUdeviceptr);
typedef CUresult (*pointer_fn)(void *, CUpointer_attribute, CUdeviceptr);

enum {
    PAGEABLE = 0,
    NOBODY_KNOWS = -1
};

/* CU_MEMORYTYPE_, or one of those above.  Memory that the driver does not know is pageable (cuda.h of CUDA 13.0:
 * cuPointerGetAttribute() answers CUDA_ERROR_INVALID_VALUE then). */
static int memory_type(uintptr_t address)
{
    unsigned type = 0;
    const CUresult result =
        REAL(EP_cuPointerGetAttribute, pointer_fn, &type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, address);
    if (result == CUDA_ERROR_INVALID_VALUE)
        return PAGEABLE;
    return result == CUDA_SUCCESS ? (int)type : NOBODY_KNOWS;
}

/* Not the driver's own host memory: a copy between that and pageable memory is over when it returns. */
static int is_device(uintptr_t address)
{
    return memory_type(address) == CU_MEMORYTYPE_DEVICE;
}

static int is_pageable(uintptr_t address, size_t bytes)
{
    return memory_type(address) == PAGEABLE && memory_type(address + bytes - 1) == PAGEABLE;
}

int stage_is_device_range(uintptr_t address, size_t bytes)
{
    CUdeviceptr base = 0;
    size_t size = 0;
    return is_device(address) && REAL(EP_cuMemGetAddressRange_v2, range_fn, &base, &size, address) == CUDA_SUCCESS &&
           base <= address && size >= bytes && address - base <= size - bytes;
}

int stage_direction(const struct copy *copy, enum direction *dir)
{
    const int h2d = copy->shape == COPY_H2D || copy->shape == COPY_H2D_ASYNC;
    const int d2h = copy->shape == COPY_D2H || copy->shape == COPY_D2H_ASYNC;
    if (!d2h && is_pageable(copy->from, copy->bytes) && is_device(copy->to))
        *dir = DIR_H2D;
    else if (!h2d && is_pageable(copy->to, copy->bytes) && is_device(copy->from))
        *dir = DIR_D2H;
    else
        return -ENOENT;
    return 0;
}
