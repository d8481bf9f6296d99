/* prim_pin(), prim_unpin(), prim_release(): which backend, and back to the arena.  No lock. */
#include "backend.h"

#include <errno.h>

#include "arena.h"
#include "policy/prim.h"
#include "self.h"
#include "stage_ring.h"

int prim_pin(struct block *block)
{
    int rc = -EOPNOTSUPP;
    self_enter();
    if (block->pin_backend == BACKEND_CUDA)
        rc = backend_cuda_pin(block);
    else if (block->pin_backend == BACKEND_MLOCK)
        rc = backend_mlock_pin(block);
    self_leave();
    return rc;
}

int prim_unpin(struct block *block)
{
    self_enter();
    const int rc = block->pin_backend == BACKEND_CUDA ? backend_cuda_unpin(block) : backend_mlock_unpin(block);
    self_leave();
    return rc;
}

void prim_release(struct block *block, int keep)
{
    self_enter();
    arena_give(block, keep);
    self_leave();
}

void prim_trim(uint64_t bytes)
{
    self_enter();
    arena_shed();
    ring_shed(bytes);
    self_leave();
}

void prim_shed_slots(uint64_t bytes)
{
    self_enter();
    ring_make_way(bytes);
    self_leave();
}

void prim_each_block(void (*act)(struct block *block))
{
    arena_each(act);
}

int prim_keeps(const struct block *block)
{
    return arena_keeps(block);
}
