/* Owns pinned host memory: registration, allocation, and what becomes of both when their context dies.
 *
 * Entry points take sim.lock; the counters of what is registered change under it, together with the table.
 * Unregistering and freeing wait for all work of the contexts concerned, as the real driver waits for kernels. */
#define _GNU_SOURCE
#include "sim.h"

#include <errno.h>
#include <sys/mman.h>

enum {
    FLAG_DEVICEMAP = 2,
    FLAG_READ_ONLY = 8,
    REGISTER_FLAGS = 15,
    ALLOC_FLAGS = 7
};

/* Counters for one region entering (sign 1) or leaving (-1) the host table.  sim.lock is held. */
static void account(const struct sim_region *r, int sign)
{
    struct sim_state *s = sim.state;
    uint64_t bytes = (uint64_t)((int64_t)sim_page_extent(r->base, r->bytes) * sign), one = (uint64_t)sign;
    if (r->kind == REGION_REGISTERED) {
        sim_raise(&s->registered_bytes_peak, SIM_ADD(registered_bytes, bytes) + bytes);
        sim_raise(&s->regions_peak, SIM_ADD(registered_regions, one) + one);
    } else {
        sim_raise(&s->host_alloc_bytes_peak, SIM_ADD(host_alloc_bytes, bytes) + bytes);
        SIM_ADD(host_alloc_regions, one);
    }
    sim_raise(&s->pinned_bytes_peak, SIM_ADD(pinned_bytes, bytes) + bytes);
}

/* Pinning makes pages resident; what cannot be made resident cannot be pinned.  EINVAL means memory of the wrong
 * protection, unless the kernel is too old to know the advice. */
static CUresult populate(uintptr_t base, size_t bytes, unsigned flags)
{
    uintptr_t first = base & ~(uintptr_t)4095;
    int advice = flags & FLAG_READ_ONLY ? MADV_POPULATE_READ : MADV_POPULATE_WRITE;
    if (madvise((void *)first, sim_page_extent(base, bytes), advice) == 0)
        return CUDA_SUCCESS;
    if (errno == EINVAL && madvise(sim.state, 4096, MADV_POPULATE_READ) != 0)
        return CUDA_SUCCESS;
    return errno == ENOMEM && sim_mapped(base, bytes) ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_ERROR_INVALID_VALUE;
}

static CUresult host_register(void *p, size_t bytes, unsigned flags)
{
    uintptr_t base = (uintptr_t)p;
    uint64_t start = sim_now_ns();
    SIM_ADD(register_calls, 1);
    if (!p || bytes == 0 || base + bytes < base || (flags & ~(unsigned)REGISTER_FLAGS))
        return CUDA_ERROR_INVALID_VALUE;
    struct sim_region r = {
        .base = base, .bytes = bytes, .kind = REGION_REGISTERED, .flags = flags, .ctx = sim_ctx_current()};
    sim_lock();
    bool device = sim_table_overlaps(&sim.device, base, bytes), taken = sim_table_overlaps(&sim.host, base, bytes);
    sim_unlock();
    if (device || taken)
        return device ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    if (!sim_mapped(base, bytes)) {
        sim_violation(SIM_V_REGISTER_UNMAPPED, "register %p + %zu, not all of it mapped", p, bytes);
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult rc = populate(base, bytes, flags);
    if (rc != CUDA_SUCCESS)
        return rc;
    sim_lock();
    if (sim_table_overlaps(&sim.host, base, bytes)) {
        sim_unlock();
        return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    }
    r.id = ++sim.last_id;
    sim_table_insert(&sim.host, &r);
    account(&r, 1);
    SIM_ADD(registered_bytes_total, sim_page_extent(base, bytes));
    sim_unlock();
    sim_sleep_until(start + (uint64_t)((double)bytes * sim.config.register_ns_per_byte));
    return CUDA_SUCCESS;
}

CUresult cuMemHostRegister(void *p, size_t bytes, unsigned flags)
{
    ENTER(cuMemHostRegister, EN_UNSAFE);
    return host_register(p, bytes, flags);
}

CUresult cuMemHostRegister_v2(void *p, size_t bytes, unsigned flags)
{
    ENTER(cuMemHostRegister_v2, EN_UNSAFE);
    return host_register(p, bytes, flags);
}

static struct sim_region *region_based_at(uintptr_t base, enum sim_region_kind kind)
{
    struct sim_region *r = sim_table_at(&sim.host, base);
    return r && r->base == base && r->kind == kind ? r : NULL;
}

/* Waits for the work of both contexts, then takes the region out of the table.  sim.lock is held; the region may
 * vanish while waiting. */
static CUresult take_out(uintptr_t base, enum sim_region_kind kind, CUresult missing, struct sim_region *out)
{
    enum sim_violation busy = kind == REGION_REGISTERED ? SIM_V_BUSY_UNREGISTER : SIM_V_BUSY_FREE;
    struct sim_region *r = region_based_at(base, kind);
    if (!r)
        return missing;
    bool was_busy = sim_host_range_busy(base, r->bytes);
    sim_wait_ctx(r->ctx);
    if (sim_ctx_current() && sim_ctx_current()->alive)
        sim_wait_ctx(sim_ctx_current());
    r = region_based_at(base, kind);
    if (!r)
        return missing;
    if (was_busy || sim_host_range_busy(base, r->bytes))
        sim_violation(busy, "%p + %zu while a copy of it is queued or running", (void *)base, r->bytes);
    *out = *r;
    account(r, -1);
    sim_table_remove(&sim.host, r);
    return CUDA_SUCCESS;
}

CUresult cuMemHostUnregister(void *p)
{
    struct sim_region r;
    ENTER(cuMemHostUnregister, EN_UNSAFE);
    SIM_ADD(unregister_calls, 1);
    if (!p)
        return CUDA_ERROR_INVALID_VALUE;
    sim_lock();
    CUresult rc = take_out((uintptr_t)p, REGION_REGISTERED, CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, &r);
    sim_unlock();
    if (rc == CUDA_SUCCESS && !sim_mapped(r.base, r.bytes))
        sim_violation(SIM_V_UNMAPPED_UNREGISTER, "unregister %p + %zu, unmapped while registered", p, r.bytes);
    return rc;
}

static CUresult host_alloc(void **out, size_t bytes, unsigned flags)
{
    if (!out || bytes == 0 || (flags & ~(unsigned)ALLOC_FLAGS))
        return CUDA_ERROR_INVALID_VALUE;
    size_t mapped = sim_page_extent(0, bytes);
    void *p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (p == MAP_FAILED)
        return CUDA_ERROR_OUT_OF_MEMORY;
    struct sim_region r = {.base = (uintptr_t)p,
                           .bytes = bytes,
                           .mapped_bytes = mapped,
                           .kind = REGION_HOST_ALLOC,
                           .flags = flags,
                           .ctx = sim_ctx_current()};
    sim_lock();
    r.id = ++sim.last_id;
    sim_table_insert(&sim.host, &r);
    account(&r, 1);
    sim_unlock();
    *out = p;
    return CUDA_SUCCESS;
}

CUresult cuMemHostAlloc(void **out, size_t bytes, unsigned flags)
{
    ENTER(cuMemHostAlloc, EN_UNSAFE);
    return host_alloc(out, bytes, flags);
}

CUresult cuMemAllocHost_v2(void **out, size_t bytes)
{
    ENTER(cuMemAllocHost_v2, EN_UNSAFE);
    return host_alloc(out, bytes, 0);
}

CUresult cuMemFreeHost(void *p)
{
    struct sim_region r;
    ENTER(cuMemFreeHost, EN_UNSAFE);
    if (!p)
        return CUDA_SUCCESS;
    sim_lock();
    CUresult rc = take_out((uintptr_t)p, REGION_HOST_ALLOC, CUDA_ERROR_INVALID_VALUE, &r);
    sim_unlock();
    if (rc == CUDA_SUCCESS)
        munmap(p, r.mapped_bytes);
    return rc;
}

CUresult cuMemHostGetFlags(unsigned *flags, void *p)
{
    ENTER(cuMemHostGetFlags, 0);
    sim_lock();
    struct sim_region *r = sim_table_at(&sim.host, (uintptr_t)p);
    if (r && flags)
        *flags = r->flags | FLAG_DEVICEMAP;
    sim_unlock();
    return r && flags ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *out, void *p, unsigned flags)
{
    ENTER(cuMemHostGetDevicePointer_v2, 0);
    sim_lock();
    bool known = sim_table_at(&sim.host, (uintptr_t)p) != NULL;
    sim_unlock();
    if (!known || !out || flags)
        return CUDA_ERROR_INVALID_VALUE;
    *out = (uintptr_t)p;
    return CUDA_SUCCESS;
}

/* The memory of a dying context, whose work has ended.  sim.lock is held. */
void sim_ctx_drop_memory(struct sim_ctx *ctx)
{
    for (size_t i = sim.host.rows; i-- > 0;) {
        struct sim_region r = sim.host.row[i];
        if (r.ctx != ctx)
            continue;
        account(&r, -1);
        sim_table_remove(&sim.host, &sim.host.row[i]);
        if (r.kind == REGION_HOST_ALLOC) {
            munmap((void *)r.base, r.mapped_bytes);
            continue;
        }
        SIM_ADD(leaked_registrations, 1);
        sim_violation(SIM_V_LEAKED_REGISTRATION, "%p + %zu still registered when its context ended", (void *)r.base,
                      r.bytes);
    }
    for (size_t i = sim.device.rows; i-- > 0;) {
        struct sim_region r = sim.device.row[i];
        if (r.ctx != ctx)
            continue;
        SIM_SUB(device_bytes, r.mapped_bytes);
        sim_table_remove(&sim.device, &sim.device.row[i]);
        munmap((void *)r.base, r.mapped_bytes);
    }
}
