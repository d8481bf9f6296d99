/* Linear copies.  See copy.h.
 *
 * A block's state decides: PLAIN goes as the program wrote it; PINNED is direct, and waited for when asynchronous (rule
 * 10); small asynchronous ones to the device, of promoted blocks, are bounced and do not wait (rule 11); what is large
 * and not pinned is staged (stage.h); while a block is being unpinned, all that is not staged is bounced. */
#include "copy_int.h"

#include <stdatomic.h>

#include "app_ranges.h"
#include "arena.h"
#include "bounce.h"
#include "captures.h"
#include "flight.h"
#include "guard.h"
#include "life.h"
#include "policy/cost.h"
#include "policy/engine.h"
#include "policy/history.h"
#include "policy/pace.h"
#include "policy/prim.h"
#include "policy/record.h"
#include "self.h"
#include "stage.h"
#include "trace.h"

typedef CUresult (*device_fn)(CUdevice *);

/* A copy has succeeded, so there is a driver with a device: pins are its business from now on. */
static void driver_works(void)
{
    static _Atomic int described;
    if (LIKELY(engine_backend() == BACKEND_CUDA))
        return;
    const int wanted = life_options()->backend;
    if (wanted == OPTION_BACKEND_AUTO || wanted == OPTION_BACKEND_CUDA)
        engine_use_backend(BACKEND_CUDA);
    if (!atomic_exchange(&described, 1))
        driver_describe();
}

/* Asks for the block to be pinned, in the context that the program copies in. */
static void promote(struct block *block, enum reason why)
{
    const CUcontext context = driver_context();
    CUdevice device = 0;
    if (context && REAL(EP_cuCtxGetDevice, device_fn, &device) == CUDA_SUCCESS)
        engine_promote(block, why, context, device);
}

struct outcome {
    enum way way;
    int overlapped; /* it may still be going on: its time is not known */
};

static uintptr_t host_side(const struct copy *copy, enum direction dir)
{
    return dir == DIR_H2D ? copy->from : copy->to;
}

/* A range that leaves the block is the driver's to judge. */
static int is_inside(const struct copy *copy, const struct block *block, uintptr_t host)
{
    return copy->bytes <= block->slot_bytes - (host - (uintptr_t)block->base);
}

/* Small copies are bounced even while the block is PLAIN: another thread may have it pinned before the driver has read
 * it, and then nothing but the stream would tell when it has.  Not of one that nobody will pin: what the program has
 * made unreadable is the driver's to judge as well. */
int copy_may_be_pinned(const struct block *block, uint32_t word)
{
    if (WORD_APP(word))
        return 0;
    return engine_may_dma(block, word) || (block->site->promote.mode != PROMOTE_NEVER && !block->tainted);
}

static int is_snapshot(const struct copy *copy, const struct block *block, enum direction dir, uint32_t word)
{
    return copy_is_async(copy) && dir == DIR_H2D && copy->bytes <= BOUNCE_BYTES && copy_may_be_pinned(block, word) &&
           is_inside(copy, block, copy->from);
}

/* A part of a copy, of a block or (NULL) of memory that is not ours, that goes as the program wrote it while the first
 * slots are made.  The block may come to be pinned meanwhile. */
static CUresult run_part(const struct copy *part, enum direction dir, struct block *block)
{
    if (!block)
        return copy_call(part, part->to, part->from, part->bytes);
    CUresult result = copy_call_cut(part, block, host_side(part, dir));
    if (result == CUDA_SUCCESS && copy_is_async(part) && engine_may_dma(block, block_word(block)))
        result = copy_wait(part->stream, part->per_thread);
    return result;
}

/* Does what it can of a large copy of a block that is not pinned, or (NULL) of memory that is not ours, and leaves the
 * rest of it in *copy.  Not while a capture is going on anywhere: what the driver then refuses, it has to refuse
 * itself.  Returns whether nothing is left to do. */
static int run_staged(struct copy *copy, enum direction dir, struct block *block, struct outcome *outcome,
                      CUresult *result)
{
    /* in any other state, what the driver would do with the block itself is not what it should do */
    const int may_be_plain = !block || block_state(block) == BLOCK_PLAIN;
    struct stage_done done;
    *result = CUDA_SUCCESS;
    if (capture_is_possible())
        return 0;
    *result = stage_copy(copy, dir, may_be_plain ? run_part : NULL, block, &done);
    *copy = copy_after(copy, done.bytes);
    if (done.bytes > done.plain)
        outcome->way = WAY_STAGED;
    return *result != CUDA_SUCCESS || copy->bytes == 0;
}

/* Does the copy of a block in the way its state asks for. */
static CUresult run_way(const struct copy *whole, struct block *block, enum direction dir, uint32_t word,
                        struct outcome *outcome)
{
    struct copy rest = *whole;
    const struct copy *copy = &rest;
    const int direct = engine_is_direct(block, word);
    const int relaxed = direct && block->site->async == OPTION_ASYNC_RELAXED;
    CUresult result;
    *outcome = (struct outcome){direct ? WAY_DIRECT : WAY_PLAIN, 0};
    if (!direct && !WORD_APP(word) && is_inside(copy, block, host_side(copy, dir)) &&
        run_staged(&rest, dir, block, outcome, &result))
        return result;
    const uintptr_t host = host_side(copy, dir);
    if (WORD_STATE(word) == BLOCK_UNPINNING && is_inside(copy, block, host))
        return copy_call_bounced(copy, dir);
    if (is_snapshot(copy, block, dir, word)) {
        if (engine_may_dma(block, word))
            outcome->way = WAY_SNAPSHOT;
        return copy_call_bounced(copy, dir);
    }
    result = copy_call_cut(copy, block, host);
    if (result == CUDA_SUCCESS && relaxed && copy_is_async(copy) &&
        flight_add(block, copy->stream, copy->per_thread) == 0) {
        outcome->overlapped = 1;
        return result;
    }
    if (result == CUDA_SUCCESS && copy_is_async(copy) &&
        (engine_may_dma(block, word) || engine_may_dma(block, block_word(block))))
        result = copy_wait(copy->stream, copy->per_thread);
    return result;
}

static CUresult run_block(const struct copy *copy, struct block *block, enum direction dir)
{
    struct outcome outcome;
    const uint32_t word = engine_copy_begin(block);
    if (copy_is_async(copy) && capture_is_on(copy->stream, copy->per_thread)) {
        guard_hold_block(block);
        const CUresult captured = copy_call(copy, copy->to, copy->from, copy->bytes);
        engine_copy_end(block);
        return captured;
    }
    const uint64_t begin = prim_now_ns();
    const CUresult result = run_way(copy, block, dir, word, &outcome);
    const uint64_t ns = outcome.overlapped ? 0 : prim_now_ns() - begin;
    engine_copy_end(block);
    if (result != CUDA_SUCCESS)
        return result;
    driver_works();
    trace_copy(block, dir, outcome.way, copy_is_async(copy), copy->bytes, begin, ns);
    const enum reason reason = engine_copied(block, dir, outcome.way, copy->bytes, ns);
    if (!reason_refuses(reason))
        promote(block, reason);
    return result;
}

static void count_foreign(struct copy_count *count, size_t bytes, uint64_t ns)
{
    count_add(&count->ns, ns);
    count_add(&count->bytes, bytes);
    count_add(&count->copies, 1);
}

/* Memory that is not a block of ours: staged when it is large and pageable, else passed on as it is; and counted. */
static CUresult run_foreign(const struct copy *copy, enum direction dir)
{
    struct copy rest = *copy;
    struct outcome outcome = {WAY_PLAIN, 0};
    CUresult result = CUDA_SUCCESS;
    const uint64_t begin = prim_now_ns();
    const int pageable = pace_may_stage(copy->bytes) && stage_direction(copy, &dir) == 0 &&
                         !app_ranges_overlap(host_side(copy, dir), copy->bytes);
    if (!pageable || !run_staged(&rest, dir, NULL, &outcome, &result))
        result = copy_call(&rest, rest.to, rest.from, rest.bytes);
    const uint64_t ns = prim_now_ns() - begin;
    if (result != CUDA_SUCCESS)
        return result;
    driver_works();
    const int staged = outcome.way == WAY_STAGED;
    count_foreign(staged ? &record.totals.foreign_staged[dir] : &record.totals.foreign[dir], copy->bytes, ns);
    history_copied(begin + ns);
    if (pageable && !staged)
        cost_copy_seen(dir, WAY_PLAIN, copy->bytes, ns);
    return CUDA_SUCCESS;
}

/* The block of the host side, its direction; NULL when the host side is not ours, or when both sides are. */
static struct block *host_block(const struct copy *copy, enum direction *dir)
{
    const int from = copy->shape != COPY_D2H && copy->shape != COPY_D2H_ASYNC && arena_owns((void *)copy->from);
    const int to = copy->shape != COPY_H2D && copy->shape != COPY_H2D_ASYNC && arena_owns((void *)copy->to);
    *dir = to || copy->shape == COPY_D2H || copy->shape == COPY_D2H_ASYNC ? DIR_D2H : DIR_H2D;
    if (from == to)
        return NULL;
    return arena_find((void *)(from ? copy->from : copy->to));
}

/* From one block of ours to another, through the driver: passed on, with both kept as they are meanwhile. */
static CUresult run_both(const struct copy *copy)
{
    struct guard guard = {.async = copy_is_async(copy), .stream = copy->stream, .per_thread = copy->per_thread};
    uintptr_t to = copy->to, from = copy->from;
    guard_begin_both(&guard, &to, &from, copy->bytes);
    return guard_end(&guard, copy_call(copy, to, from, copy->bytes));
}

CUresult copy_run(const struct copy *copy)
{
    enum direction dir;
    CUresult result;
    if (self.busy || copy->bytes == 0 || !life_on())
        return copy_call(copy, copy->to, copy->from, copy->bytes);
    struct block *block = host_block(copy, &dir);
    if (block)
        result = run_block(copy, block, dir);
    else if (arena_owns((void *)copy->from) && arena_owns((void *)copy->to))
        result = run_both(copy);
    else
        result = run_foreign(copy, dir);
    return result;
}
