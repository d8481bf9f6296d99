/* The application's own registrations, and queries about memory: promotion is invisible to both (rules 25 and 26).
 *
 * Queries are answered by the driver itself, about a page of autopin's that is pageable for ever: so the answer is what
 * this driver says of pageable memory, whatever that is. */
#include <string.h>

#include "app_ranges.h"
#include "arena.h"
#include "copy.h"
#include "driver.h"
#include "hooks_register.h"
#include "life.h"
#include "policy/engine.h"
#include "policy/record.h"
#include "self.h"

static char decoy[4096] __attribute__((aligned(4096)));

static struct block *block_at(const void *ptr)
{
    return arena_owns(ptr) ? arena_find(ptr) : NULL;
}

/* --- registration ---------------------------------------------------------------------------------------------------
 */

/* Every block that [ptr, ptr + bytes) touches. */
static void for_blocks(const char *ptr, size_t bytes, void (*act)(struct block *))
{
    const char *at = ptr;
    while (arena_owns(at) && at - ptr < (ptrdiff_t)bytes) {
        struct block *block = arena_find(at);
        if (!block)
            return;
        act(block);
        at = block->base + block->slot_bytes;
    }
}

void register_ended(void *base, size_t bytes)
{
    for_blocks(base, bytes, engine_app_release);
}

typedef CUresult (*register_fn)(void *, size_t, unsigned);
typedef CUresult (*unregister_fn)(void *);

static CUresult register_for_application(enum entry_id id, void *ptr, size_t bytes, unsigned flags)
{
    const int ours = life_is_on() && !self.busy && block_at(ptr) != NULL;
    if (ours)
        for_blocks(ptr, bytes, engine_app_claim);
    const CUresult result = REAL(id, register_fn, ptr, bytes, flags);
    if (ours && result != CUDA_SUCCESS)
        register_ended(ptr, bytes);
    if (result == CUDA_SUCCESS && !self.busy)
        app_range_add(ptr, bytes);
    count_add(&record.totals.app_registrations, ours && result == CUDA_SUCCESS);
    return result;
}

EXPORT CUresult cuMemHostRegister(void *ptr, size_t bytes, unsigned flags);
CUresult cuMemHostRegister(void *ptr, size_t bytes, unsigned flags)
{
    return register_for_application(EP_cuMemHostRegister, ptr, bytes, flags);
}

EXPORT CUresult cuMemHostRegister_v2(void *ptr, size_t bytes, unsigned flags);
CUresult cuMemHostRegister_v2(void *ptr, size_t bytes, unsigned flags)
{
    return register_for_application(EP_cuMemHostRegister_v2, ptr, bytes, flags);
}

/* There was no memory to remember it by, or the application never registered it.  A block that the application has a
 * claim on is pinned by nobody else. */
static CUresult unregister_unknown(void *ptr)
{
    struct block *block = block_at(ptr);
    if (WORD_APP(block_word(block)) == 0)
        return REAL(EP_cuMemHostUnregister, unregister_fn, decoy);
    const CUresult result = REAL(EP_cuMemHostUnregister, unregister_fn, ptr);
    if (result == CUDA_SUCCESS)
        engine_app_release(block);
    return result;
}

/* Only what the application registered itself can it unregister: about anything else the driver is asked of the decoy.
 */
EXPORT CUresult cuMemHostUnregister(void *ptr);
CUresult cuMemHostUnregister(void *ptr)
{
    size_t bytes = 0;
    if (self.busy)
        return REAL(EP_cuMemHostUnregister, unregister_fn, ptr);
    if (!app_range_find(ptr, &bytes))
        return life_is_on() && block_at(ptr) ? unregister_unknown(ptr)
                                             : REAL(EP_cuMemHostUnregister, unregister_fn, ptr);
    const CUresult result = REAL(EP_cuMemHostUnregister, unregister_fn, ptr);
    if (result == CUDA_SUCCESS && app_range_remove(ptr))
        register_ended(ptr, bytes);
    return result;
}

/* --- queries --------------------------------------------------------------------------------------------------------
 */

/* Whether all that the driver could know of this memory, now or in a moment, is autopin's doing. */
static int masked(const void *ptr)
{
    const struct block *block = self.busy ? NULL : block_at(ptr);
    return block && WORD_APP(block_word(block)) == 0;
}

/* What to ask the driver about instead of ptr. */
static void *mask(const void *ptr)
{
    return masked(ptr) ? decoy : (void *)ptr;
}

EXPORT CUresult cuMemHostGetFlags(unsigned *flags, void *ptr);
CUresult cuMemHostGetFlags(unsigned *flags, void *ptr)
{
    typedef CUresult (*fn)(unsigned *, void *);
    return REAL(EP_cuMemHostGetFlags, fn, flags, mask(ptr));
}

EXPORT CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *device, void *ptr, unsigned flags);
CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *device, void *ptr, unsigned flags)
{
    typedef CUresult (*fn)(CUdeviceptr *, void *, unsigned);
    return REAL(EP_cuMemHostGetDevicePointer_v2, fn, device, mask(ptr), flags);
}

EXPORT CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr ptr);
CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr ptr)
{
    typedef CUresult (*fn)(void *, CUpointer_attribute, CUdeviceptr);
    return REAL(EP_cuPointerGetAttribute, fn, data, attribute, (CUdeviceptr)mask((void *)ptr));
}

/* An attribute that echoes the pointer must echo the program's. */
EXPORT CUresult cuPointerGetAttributes(unsigned n, CUpointer_attribute *attributes, void **data, CUdeviceptr ptr);
CUresult cuPointerGetAttributes(unsigned n, CUpointer_attribute *attributes, void **data, CUdeviceptr ptr)
{
    typedef CUresult (*fn)(unsigned, CUpointer_attribute *, void **, CUdeviceptr);
    const void *asked = mask((void *)ptr);
    const CUresult result = REAL(EP_cuPointerGetAttributes, fn, n, attributes, data, (CUdeviceptr)asked);
    for (unsigned i = 0; asked == decoy && result == CUDA_SUCCESS && i < n; i++)
        if (attributes[i] == CU_POINTER_ATTRIBUTE_DEVICE_POINTER || attributes[i] == CU_POINTER_ATTRIBUTE_HOST_POINTER)
            if (data[i] && *(void **)data[i] == asked)
                *(void **)data[i] = (void *)ptr;
    return result;
}
