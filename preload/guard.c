/* Guarded entry points: the blocks.  See guard.h.  No lock. */
#include "guard.h"

#include <string.h>

#include "arena.h"
#include "bounce.h"
#include "captures.h"
#include "copy.h"
#include "policy/engine.h"
#include "policy/mem.h"
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

static struct block *block_at(uintptr_t host)
{
    return arena_owns((void *)host) ? arena_find((void *)host) : NULL; /* NOLINT(performance-no-int-to-ptr) */
}

static struct guarded *find(struct guard *guard, const struct block *block)
{
    for (size_t i = 0; block && i < guard->n; i++)
        if (items(guard)[i].block == block)
            return &items(guard)[i];
    return NULL;
}

void guard_add(struct guard *guard, uintptr_t host)
{
    struct block *block = block_at(host);
    struct guarded *item = find(guard, block);
    if (!block)
        return;
    if (item)
        item->sides++;
    else if (room(guard))
        items(guard)[guard->n++] = (struct guarded){.block = block, .sides = 1};
    else
        engine_hold(block);
}

static int is_unpinning(uint32_t word)
{
    return WORD_STATE(word) == BLOCK_UNPINNING;
}

static int needs_claim(const struct guard *guard, const struct guarded *item)
{
    return item->block->bytes > PIN_PIECE_BYTES && !guard->capturing && !item->claimed;
}

static void claim(struct guarded *item)
{
    item->claimed = 1;
    engine_app_claim(item->block);
}

/* Claims first: each waits until nothing is in flight of its block, also of what others have begun like this. */
void guard_begin(struct guard *guard)
{
    guard->capturing = guard->n && guard->async && capture_is_on(guard->stream, guard->per_thread);
    for (struct guarded *item = items(guard); item < items(guard) + guard->n; item++)
        if (needs_claim(guard, item) && !is_unpinning(block_word(item->block)))
            claim(item);
    for (struct guarded *item = items(guard); item < items(guard) + guard->n; item++) {
        item->word = engine_copy_begin(item->block);
        guard->unpinning |= is_unpinning(item->word) || needs_claim(guard, item);
    }
    if (guard->capturing)
        guard_expose(guard);
}

/* The driver is to see the block.  Once the unpin is over the operation in flight keeps another from beginning. */
static void expose(const struct guard *guard, struct guarded *item)
{
    if (guard->capturing) {
        guard_hold_block(item->block);
    } else if (needs_claim(guard, item)) {
        engine_copy_end(item->block);
        claim(item);
        item->word = engine_copy_begin(item->block);
    }
    while (is_unpinning(item->word)) {
        prim_wait(&item->block->word, item->word);
        item->word = block_word(item->block);
    }
}

void guard_expose(struct guard *guard)
{
    for (size_t i = 0; i < guard->n; i++)
        expose(guard, &items(guard)[i]);
}

static int wants_shadow(const struct guard *guard, const struct guarded *item, const struct box *box, int ways)
{
    if (guard->capturing || !ways)
        return 0;
    if (is_unpinning(item->word) || needs_claim(guard, item))
        return 1;
    return guard->snapshots && guard->async && ways == SHADOW_IN && box_bytes(box) <= BOUNCE_BYTES &&
           copy_may_be_pinned(item->block, item->word);
}

char *guard_shadow(struct guard *guard, const struct box *box, int ways)
{
    struct guarded *item = find(guard, block_at(box->first));
    char *shadow = NULL;
    if (!item)
        return NULL;
    const int empty = box_bytes(box) == 0; /* not touched at all */
    if (!empty && wants_shadow(guard, item, box, ways) &&
        box_is_within(box, (uintptr_t)item->block->base, item->block->slot_bytes))
        shadow = shadow_add(&guard->shadows, box, ways);
    if (shadow && (ways & SHADOW_LATE))
        guard->late = 1;
    if (shadow || empty)
        item->shadowed++;
    else
        expose(guard, item);
    return shadow;
}

/* Whether the driver may have treated as page-locked what it saw of the blocks. */
static int is_promoted(struct guard *guard)
{
    for (const struct guarded *item = items(guard); item < items(guard) + guard->n; item++)
        if (item->shadowed < item->sides &&
            (engine_may_dma(item->block, item->word) || engine_may_dma(item->block, block_word(item->block))))
            return 1;
    return 0;
}

/* What a call that failed may have begun nevertheless, if it is one that leaves shadows to the stream.  Never the
 * legacy stream, which such calls refuse and which waits for all others. */
static int may_have_begun(const struct guard *guard)
{
    return guard->late && (guard->per_thread || (guard->stream && guard->stream != CU_STREAM_LEGACY));
}

static CUresult keep_promise(struct guard *guard, CUresult result)
{
    if (result != CUDA_SUCCESS) {
        if (may_have_begun(guard))
            (void)copy_wait(guard->stream, guard->per_thread);
        return result;
    }
    if (guard->late || (guard->async && !guard->capturing && is_promoted(guard)))
        return copy_wait(guard->stream, guard->per_thread);
    return result;
}

CUresult guard_end(struct guard *guard, CUresult result)
{
    const int arrived = result == CUDA_SUCCESS;
    result = keep_promise(guard, result);
    shadow_end(guard->shadows, arrived);
    for (size_t i = 0; i < guard->n; i++) {
        engine_copy_end(items(guard)[i].block);
        if (items(guard)[i].claimed)
            engine_app_release(items(guard)[i].block);
    }
    if (guard->many)
        prim_unmap(guard->many, guard->n_mapped * sizeof *guard->many);
    mem_put(guard->copied, guard->copied_bytes);
    return result;
}

/* A graph must not meet the registration that an unpin under way is about to end. */
void guard_hold_block(struct block *block)
{
    uint32_t word;
    engine_hold(block);
    while (is_unpinning(word = block_word(block)))
        prim_wait(&block->word, word);
}

void guard_hold(uintptr_t host)
{
    struct block *block = block_at(host);
    if (block)
        guard_hold_block(block);
}
