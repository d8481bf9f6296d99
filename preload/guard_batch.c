/* Batches of copies.  See guard.h.
 *
 * A batch says of each source when the driver may read it.  In stream order (CU_MEMCPY_SRC_ACCESS_ORDER_STREAM) means
 * that something before the batch in its stream may yet write it: a shadow made now would be too old, so there is none,
 * and an unpin of that block is waited for.  Other shadows are the driver's until the stream has come to the batch, but
 * for sources that are read during the call.  A batch may fail in its middle, so a shadow to be written begins with
 * what the block holds, and all of it is copied out.  There are no snapshots: that small copies of a batch return early
 * is not known. */
#include <stdint.h>
#include <string.h>

#include "guard.h"
#include "policy/mem.h"

enum {
    TARGET = SHADOW_IN | SHADOW_OUT | SHADOW_LATE
};

/* The ways of a source's shadow, by the order; 0: there is to be none. */
static int source_of(int order)
{
    if (order == CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL)
        return SHADOW_IN;
    return order == CU_MEMCPY_SRC_ACCESS_ORDER_ANY ? SHADOW_IN | SHADOW_LATE : 0;
}

static void *copied(struct guard *guard, size_t bytes)
{
    guard->copied = mem_get(bytes);
    guard->copied_bytes = bytes;
    return guard->copied;
}

static int order_of(const struct batch *batch, size_t i)
{
    int order = CU_MEMCPY_SRC_ACCESS_ORDER_STREAM;
    for (size_t k = 0; batch->attributes && batch->first && k < batch->n_attributes && batch->first[k] <= i; k++)
        order = batch->attributes[k].src_access_order;
    return order;
}

static CUdeviceptr linear(struct guard *guard, CUdeviceptr host, size_t bytes, int ways)
{
    const struct box box = {.first = host, .width = bytes, .height = 1, .depth = 1};
    const char *shadow = guard_shadow(guard, &box, ways);
    return shadow ? (uintptr_t)shadow : host;
}

void guard_begin_batch(struct guard *guard, struct batch *batch)
{
    const CUdeviceptr *to = batch->to, *from = batch->from;
    const size_t count = to && from && batch->sizes ? batch->count : 0;
    CUdeviceptr *mine;
    for (size_t i = 0; i < count; i++) {
        guard_add(guard, from[i]);
        guard_add(guard, to[i]);
    }
    guard_begin(guard);
    if (!guard->unpinning || guard->capturing)
        return;
    if (!(mine = copied(guard, 2 * count * sizeof *mine))) {
        guard_expose(guard);
        return;
    }
    batch->from = mine;
    batch->to = mine + count;
    for (size_t i = 0; i < count; i++) {
        batch->from[i] = linear(guard, from[i], batch->sizes[i], source_of(order_of(batch, i)));
        batch->to[i] = linear(guard, to[i], batch->sizes[i], TARGET);
    }
}

static CUdeviceptr address(const struct cu_operand3d *operand)
{
    return operand->type == CU_MEMCPY_OPERAND_TYPE_POINTER ? operand->op.ptr.ptr : 0;
}

/* Sizes are bytes where both operands are pointers, and elements of the array where one is an array. */
static int is_sound(const struct cu_batch_op3d *op, const struct cu_operand3d *side)
{
    return address(&op->src) && address(&op->dst) &&
           (!side->op.ptr.row_length || side->op.ptr.row_length >= op->width) &&
           (!side->op.ptr.layer_height || side->op.ptr.layer_height >= op->height);
}

/* Not given, a row is as long as the copy is wide, and a slice as high. */
static void shadow_side(struct guard *guard, const struct cu_batch_op3d *op, struct cu_operand3d *side, int ways)
{
    struct box box = {.first = address(side), .width = op->width, .height = op->height, .depth = op->depth};
    size_t rows = side->op.ptr.layer_height ? side->op.ptr.layer_height : op->height;
    if (!box.first)
        return;
    box.pitch = side->op.ptr.row_length ? side->op.ptr.row_length : op->width;
    if (!is_sound(op, side) || __builtin_mul_overflow(box.pitch, rows, &box.slice))
        ways = 0;
    const char *shadow = guard_shadow(guard, &box, ways);
    if (!shadow)
        return;
    side->op.ptr.ptr = (uintptr_t)shadow;
    side->op.ptr.row_length = side->op.ptr.row_length ? op->width : 0;
    side->op.ptr.layer_height = side->op.ptr.layer_height ? op->height : 0;
}

struct cu_batch_op3d *guard_begin_batch_3d(struct guard *guard, struct cu_batch_op3d *ops, size_t count)
{
    struct cu_batch_op3d *mine;
    if (!ops)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        guard_add(guard, address(&ops[i].src));
        guard_add(guard, address(&ops[i].dst));
    }
    guard_begin(guard);
    if (!guard->unpinning || guard->capturing)
        return ops;
    if (!(mine = copied(guard, count * sizeof *mine))) {
        guard_expose(guard);
        return ops;
    }
    memcpy(mine, ops, count * sizeof *mine);
    for (size_t i = 0; i < count; i++) {
        shadow_side(guard, &ops[i], &mine[i].src, source_of(ops[i].src_access_order));
        shadow_side(guard, &ops[i], &mine[i].dst, TARGET);
    }
    return mine;
}
