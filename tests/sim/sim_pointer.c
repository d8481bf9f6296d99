/* Owns what the driver says of a pointer.  Takes sim.lock. */
#define _GNU_SOURCE
#include "sim.h"

#include <string.h>

enum {
    ASK_CONTEXT = 1,
    ASK_MEMORY_TYPE,
    ASK_DEVICE_POINTER,
    ASK_HOST_POINTER,
    ASK_P2P_TOKENS,
    ASK_SYNC_MEMOPS,
    ASK_BUFFER_ID,
    ASK_IS_MANAGED,
    ASK_DEVICE_ORDINAL,
    ASK_IS_LEGACY_IPC,
    ASK_RANGE_START,
    ASK_RANGE_SIZE,
    ASK_MAPPED,
    ASK_HANDLE_TYPES,
    ASK_GPU_DIRECT_RDMA,
    ASK_ACCESS_FLAGS,
    ASK_MEMPOOL_HANDLE,
    ASK_LAST = 20,
    NO_DEVICE = -2, /* what the driver calls an invalid device */
};

static void put_int(void *out, int value)
{
    memcpy(out, &value, sizeof value);
}

static void put_word(void *out, uint64_t value)
{
    memcpy(out, &value, sizeof value);
}

/* Answers of the size the attribute has; r NULL: memory the driver does not know. */
static CUresult answer(void *out, int attribute, const struct sim_region *r, uintptr_t p)
{
    bool host = r && (r->kind == REGION_HOST_ALLOC || r->kind == REGION_REGISTERED);
    bool managed = r && r->kind == REGION_MANAGED;
    switch (attribute) {
    case ASK_CONTEXT:
        put_word(out, r ? (uintptr_t)r->ctx : 0);
        break;
    case ASK_MEMORY_TYPE:
        put_int(out, r ? (host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE) : 0);
        break;
    case ASK_DEVICE_POINTER:
        put_word(out, r ? p : 0);
        break;
    case ASK_HOST_POINTER:
        put_word(out, host || managed ? p : 0);
        break;
    case ASK_BUFFER_ID:
        put_word(out, r ? r->id : 0);
        break;
    case ASK_DEVICE_ORDINAL:
        put_int(out, r ? r->ctx->device : NO_DEVICE);
        break;
    case ASK_RANGE_START:
        put_word(out, r ? r->base : 0);
        break;
    case ASK_RANGE_SIZE:
        put_word(out, r ? r->bytes : 0);
        break;
    case ASK_IS_MANAGED:
        *(unsigned char *)out = managed;
        break;
    case ASK_MAPPED:
        *(unsigned char *)out = r != NULL;
        break;
    case ASK_SYNC_MEMOPS:
    case ASK_IS_LEGACY_IPC:
    case ASK_GPU_DIRECT_RDMA:
        *(unsigned char *)out = 0;
        break;
    case ASK_HANDLE_TYPES:
    case ASK_MEMPOOL_HANDLE:
        put_word(out, 0);
        break;
    case ASK_ACCESS_FLAGS:
        put_int(out, r ? 3 : 0);
        break;
    default:
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return CUDA_SUCCESS;
}

static struct sim_region *region_at(uintptr_t p)
{
    struct sim_region *r = sim_table_at(&sim.device, p);
    return r ? r : sim_table_at(&sim.host, p);
}

CUresult cuPointerGetAttribute(void *out, CUpointer_attribute attribute, CUdeviceptr p)
{
    ENTER(cuPointerGetAttribute, 0);
    if (!out || attribute < 1 || attribute > ASK_LAST)
        return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    struct sim_region *r = region_at((uintptr_t)p);
    CUresult rc = r ? answer(out, attribute, r, (uintptr_t)p) : CUDA_ERROR_INVALID_VALUE;
    sim_unlock();
    return rc;
}

CUresult cuPointerGetAttributes(unsigned n, CUpointer_attribute *attributes, void **out, CUdeviceptr p)
{
    ENTER(cuPointerGetAttributes, 0);
    if (!attributes || !out || n == 0)
        return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < n; i++)
        if (!out[i] || attributes[i] < 1 || attributes[i] > ASK_LAST)
            return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    struct sim_region *r = region_at((uintptr_t)p);
    CUresult rc = CUDA_SUCCESS;
    for (unsigned i = 0; i < n && rc == CUDA_SUCCESS; i++)
        rc = answer(out[i], attributes[i], r, (uintptr_t)p);
    sim_unlock();
    return rc;
}

CUresult cuPointerSetAttribute(const void *value, CUpointer_attribute attribute, CUdeviceptr p)
{
    ENTER(cuPointerSetAttribute, 0);
    sim_lock();
    bool known = region_at((uintptr_t)p) != NULL;
    sim_unlock();
    return known && value && attribute == ASK_SYNC_MEMOPS ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
