/* Guarded entry points.  See guard.h.  No lock. */
#include "guard.h"

#include <string.h>

#include "arena.h"
#include "copy.h"
#include "policy/engine.h"
#include "policy/prim.h"

static struct guarded *items(struct guard *guard)
{
    return guard->many ? guard->many : guard->few;
}

/* Room for one more.  A block for which there is no memory is set aside for ever instead (rule 34). */
static int room(struct guard *guard)
{
    const size_t have = guard->many ? guard->n_mapped : GUARD_FEW;
    if (guard->n < have)
        return 1;
    struct guarded *more = prim_map(2 * have * sizeof *more);
    if (!more)
        return 0;
    memcpy(more, items(guard), guard->n * sizeof *more);
    if (guard->many)
        prim_unmap(guard->many, guard->n_mapped * sizeof *more);
    guard->many = more;
    guard->n_mapped = 2 * have;
    return 1;
}

void guard_add(struct guard *guard, uintptr_t host)
{
    struct block *block =
        arena_owns((void *)host) ? arena_find((void *)host) : NULL; /* NOLINT(performance-no-int-to-ptr) */
    if (!block)
        return;
    for (size_t i = 0; i < guard->n; i++)
        if (items(guard)[i].block == block)
            return;
    if (room(guard))
        items(guard)[guard->n++].block = block;
    else
        engine_hold(block);
}

void guard_add_2d(struct guard *guard, const struct cu_memcpy2d *copy)
{
    if (!copy)
        return;
    if (copy->src_type == CU_MEMORYTYPE_HOST)
        guard_add(guard, (uintptr_t)copy->src_host + copy->src_y * copy->src_pitch + copy->src_x);
    else if (copy->src_type == CU_MEMORYTYPE_UNIFIED)
        guard_add(guard, copy->src_device + copy->src_y * copy->src_pitch + copy->src_x);
    if (copy->dst_type == CU_MEMORYTYPE_HOST)
        guard_add(guard, (uintptr_t)copy->dst_host + copy->dst_y * copy->dst_pitch + copy->dst_x);
    else if (copy->dst_type == CU_MEMORYTYPE_UNIFIED)
        guard_add(guard, copy->dst_device + copy->dst_y * copy->dst_pitch + copy->dst_x);
}

/* First byte of one side of a 3D copy that is in host or unified memory; 0 otherwise. */
static uintptr_t side(int type, const void *host, CUdeviceptr device, size_t offset)
{
    if (type == CU_MEMORYTYPE_HOST)
        return (uintptr_t)host + offset;
    return type == CU_MEMORYTYPE_UNIFIED ? device + offset : 0;
}

static uintptr_t source_3d(const struct cu_memcpy3d *copy)
{
    return side(copy->src_type, copy->src_host, copy->src_device,
                (copy->src_z * copy->src_height + copy->src_y) * copy->src_pitch + copy->src_x);
}

static uintptr_t destination_3d(const struct cu_memcpy3d *copy)
{
    return side(copy->dst_type, copy->dst_host, copy->dst_device,
                (copy->dst_z * copy->dst_height + copy->dst_y) * copy->dst_pitch + copy->dst_x);
}

void guard_add_3d(struct guard *guard, const struct cu_memcpy3d *copy)
{
    if (!copy)
        return;
    guard_add(guard, source_3d(copy));
    guard_add(guard, destination_3d(copy));
}

/* Counts the operation in flight once the block is not being unpinned any more. */
static uint32_t begin_block(struct block *block)
{
    uint32_t word;
    while (WORD_STATE(word = engine_copy_begin(block)) == BLOCK_UNPINNING) {
        engine_copy_end(block);
        word = block_word(block);
        if (WORD_STATE(word) == BLOCK_UNPINNING)
            prim_wait(&block->word, word);
    }
    return word;
}

void guard_begin(struct guard *guard)
{
    guard->capturing = guard->n && guard->async && copy_is_capturing(guard->stream, guard->per_thread);
    for (size_t i = 0; i < guard->n; i++) {
        struct guarded *item = &items(guard)[i];
        item->claimed = item->block->bytes > PIN_PIECE_BYTES && !guard->capturing;
        if (item->claimed)
            engine_app_claim(item->block);
        guard->promoted |= engine_may_dma(item->block, begin_block(item->block));
        if (guard->capturing)
            engine_hold(item->block);
    }
}

CUresult guard_end(struct guard *guard, CUresult result)
{
    for (size_t i = 0; i < guard->n; i++)
        guard->promoted |= engine_may_dma(items(guard)[i].block, block_word(items(guard)[i].block));
    if (result == CUDA_SUCCESS && guard->async && guard->promoted && !guard->capturing)
        result = copy_wait(guard->stream, guard->per_thread);
    for (size_t i = 0; i < guard->n; i++) {
        engine_copy_end(items(guard)[i].block);
        if (items(guard)[i].claimed)
            engine_app_release(items(guard)[i].block);
    }
    if (guard->many)
        prim_unmap(guard->many, guard->n_mapped * sizeof *guard->many);
    return result;
}

/* A graph must not meet the registration that an unpin under way is about to end. */
void guard_hold_block(struct block *block)
{
    uint32_t word;
    engine_hold(block);
    while (WORD_STATE(word = block_word(block)) == BLOCK_UNPINNING)
        prim_wait(&block->word, word);
}

void guard_hold(uintptr_t host)
{
    struct block *block =
        arena_owns((void *)host) ? arena_find((void *)host) : NULL; /* NOLINT(performance-no-int-to-ptr) */
    if (block)
        guard_hold_block(block);
}

void guard_hold_3d(const struct cu_memcpy3d *copy)
{
    if (!copy)
        return;
    guard_hold(source_3d(copy));
    guard_hold(destination_3d(copy));
}
