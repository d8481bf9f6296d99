/* The memory of a slot: mapped near the GPU, registered.  See stage_ring.h.  No lock. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/mman.h>

#include "backend.h"
#include "node.h"
#include "policy/prim.h"
#include "stage_ring.h"

typedef CUresult (*register_fn)(void *, size_t, unsigned);
typedef CUresult (*device_fn)(CUdevice *);

/* Pages of the ordinary size: a huge one takes longer to find and to clear than the first copy can wait. */
static char *map_slot(void)
{
    char *mem = prim_map(SLOT_BYTES);
    if (mem) {
        (void)madvise(mem, SLOT_BYTES, MADV_NOHUGEPAGE);
        node_prefer(mem, SLOT_BYTES);
    }
    return mem;
}

void slot_unmap(struct slot *slot)
{
    char *mem = slot->memory;
    slot->memory = NULL;
    atomic_signal_fence(memory_order_seq_cst);
    prim_unmap(mem, SLOT_BYTES);
}

int slot_register(struct slot *slot)
{
    CUdevice device = 0;
    if (REAL(EP_cuCtxGetDevice, device_fn, &device) != CUDA_SUCCESS || !backend_cuda_worthwhile(device))
        return 0;
    slot->memory = map_slot();
    if (!slot->memory)
        return 0;
    if (backend_populate(slot->memory, SLOT_BYTES) == 0 &&
        REAL(EP_cuMemHostRegister_v2, register_fn, slot->memory, SLOT_BYTES, CU_MEMHOSTREGISTER_PORTABLE) ==
            CUDA_SUCCESS)
        return 1;
    slot_unmap(slot);
    return 0;
}
