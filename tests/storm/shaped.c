/* 2D and 3D copies, and those to and from arrays: they keep the promises of linear ones. */
#include "storm.h"

#include <string.h>

/* A box of bytes within a block.  On the device it is packed. */
struct box {
    size_t width, height, depth; /* height: rows of a slice; depth: slices */
    size_t pitch, rows;          /* of the block: from row to row, and from slice to slice in rows */
    size_t x, y, offset;         /* where it begins, from `offset` on */
};

static size_t first_byte(const struct box *b)
{
    return b->offset + b->y * b->pitch + b->x;
}

static size_t extent(const struct box *b)
{
    return ((b->depth - 1) * b->rows + b->height - 1) * b->pitch + b->width;
}

/* Draws one that fits; 0: the block is too small for it. */
static int draw_box(struct worker *w, const struct slot *s, int deep, struct box *b)
{
    *b = (struct box){.width = 1 + draw(w, draw(w, 2) ? 600 : 20000), .height = 1 + draw(w, 40), .depth = 1};
    if (deep)
        b->depth = 1 + draw(w, 4);
    b->pitch = b->width + draw(w, 200);
    b->rows = b->height + draw(w, 3);
    b->x = draw(w, b->pitch - b->width + 1);
    b->y = draw(w, b->depth > 1 ? b->rows - b->height + 1 : 3);
    const size_t needs = first_byte(b) + extent(b);
    const uint64_t anywhere = draw(w, 1 << 30);
    if (needs > s->bytes || b->width * b->height * b->depth > w->at->device_bytes)
        return 0;
    b->offset = anywhere % (s->bytes - needs + 1);
    return 1;
}

static size_t row_at(const struct box *b, size_t row, size_t slice)
{
    return first_byte(b) + (slice * b->rows + row) * b->pitch;
}

enum act {
    SPOIL,
    REFILL,
    CHECK_HOST,
    CHECK_DEVICE
};

static void each_row(struct worker *w, struct slot *s, const struct box *b, enum act act)
{
    const char *device = (const char *)(uintptr_t)w->at->device;
    for (size_t z = 0; z < b->depth; z++)
        for (size_t y = 0; y < b->height; y++, device += b->width) {
            const size_t at = row_at(b, y, z);
            if (act == SPOIL)
                memset(s->base + at, 0x5a, b->width);
            else if (act == REFILL)
                slot_refill(s, at, b->width);
            else if (act == CHECK_HOST)
                check_at(w, s->seed, at, s->base + at, b->width, "back on the host, by rows");
            else
                check_at(w, s->seed, at, device, b->width, "on the device, by rows");
        }
}

/* As a 3D copy; to_host: back again.  `unified`: the host side by its address alone. */
static struct cu_memcpy3d describe(const struct worker *w, const struct slot *s, const struct box *b, int to_host,
                                   int unified)
{
    const int type = unified ? CU_MEMORYTYPE_UNIFIED : CU_MEMORYTYPE_HOST;
    char *base = s->base + b->offset;
    struct cu_memcpy3d c = {.width = b->width, .height = b->height, .depth = b->depth};
    if (to_host) {
        c.src_type = CU_MEMORYTYPE_DEVICE;
        c.src_device = w->at->device;
        c.src_pitch = b->width;
        c.src_height = b->height;
        c.dst_type = type;
        c.dst_host = base;
        c.dst_device = (CUdeviceptr)(uintptr_t)base;
        c.dst_pitch = b->pitch;
        c.dst_height = b->rows;
        c.dst_x = b->x;
        c.dst_y = b->y;
    } else {
        c.src_type = type;
        c.src_host = base;
        c.src_device = (CUdeviceptr)(uintptr_t)base;
        c.src_pitch = b->pitch;
        c.src_height = b->rows;
        c.src_x = b->x;
        c.src_y = b->y;
        c.dst_type = CU_MEMORYTYPE_DEVICE;
        c.dst_device = w->at->device;
        c.dst_pitch = b->width;
        c.dst_height = b->height;
    }
    return c;
}

static struct cu_memcpy2d flatten(const struct cu_memcpy3d *c)
{
    return (struct cu_memcpy2d){.src_x = c->src_x,
                                .src_y = c->src_y,
                                .src_type = c->src_type,
                                .src_host = c->src_host,
                                .src_device = c->src_device,
                                .src_pitch = c->src_pitch,
                                .dst_x = c->dst_x,
                                .dst_y = c->dst_y,
                                .dst_type = c->dst_type,
                                .dst_host = c->dst_host,
                                .dst_device = c->dst_device,
                                .dst_pitch = c->dst_pitch,
                                .width = c->width,
                                .height = c->height};
}

struct how {
    int deep, async, per_thread, unaligned;
    CUstream stream, waits;
};

static int copy_box(struct worker *w, const struct cu_memcpy3d *c, const struct how *how)
{
    const struct cu_memcpy2d flat = flatten(c);
    if (how->deep && how->async)
        return how->per_thread ? TRY(w, cu.cuMemcpy3DAsync_v2_ptsz(c, how->stream))
                               : TRY(w, cu.cuMemcpy3DAsync_v2(c, how->stream));
    if (how->deep)
        return how->per_thread ? TRY(w, cu.cuMemcpy3D_v2_ptds(c)) : TRY(w, cu.cuMemcpy3D_v2(c));
    if (how->async)
        return how->per_thread ? TRY(w, cu.cuMemcpy2DAsync_v2_ptsz(&flat, how->stream))
                               : TRY(w, cu.cuMemcpy2DAsync_v2(&flat, how->stream));
    if (how->unaligned)
        return how->per_thread ? TRY(w, cu.cuMemcpy2DUnaligned_v2_ptds(&flat))
                               : TRY(w, cu.cuMemcpy2DUnaligned_v2(&flat));
    return how->per_thread ? TRY(w, cu.cuMemcpy2D_v2_ptds(&flat)) : TRY(w, cu.cuMemcpy2D_v2(&flat));
}

static struct how draw_how(struct worker *w)
{
    struct how how = {.deep = (int)draw(w, 2),
                      .async = (int)draw(w, 2),
                      .per_thread = (int)draw(w, 2),
                      .unaligned = (int)draw(w, 2),
                      .stream = w->at->stream[draw(w, STREAMS)]};
    how.waits = how.per_thread && !how.stream ? CU_STREAM_PER_THREAD : how.stream;
    return how;
}

void copy_shaped(struct worker *w, struct slot *s)
{
    const struct how how = draw_how(w);
    const int unified = (int)draw(w, 2);
    struct box box;
    if (!draw_box(w, s, how.deep, &box))
        return;
    const enum sight sight = sight_of(w, s, first_byte(&box), extent(&box));
    const int overlaps = sight == INSIDE;
    if (sight == STRADDLES)
        return;
    struct cu_memcpy3d copy = describe(w, s, &box, 0, unified);
    if (copy_box(w, &copy, &how)) {
        if (overlaps)
            stream_wait(w, how.waits);
        each_row(w, s, &box, SPOIL);
        stream_wait(w, how.waits);
        each_row(w, s, &box, CHECK_DEVICE);
        copy = describe(w, s, &box, 1, unified);
        if (copy_box(w, &copy, &how)) {
            if (overlaps)
                stream_wait(w, how.waits);
            each_row(w, s, &box, CHECK_HOST);
            did(how.deep ? (how.async ? K_copy_3d_async : K_copy_3d) : how.async ? K_copy_2d_async : K_copy_2d);
            return;
        }
    }
    stream_wait(w, how.waits);
    each_row(w, s, &box, REFILL);
}

/* --- arrays ------------------------------------------------------------------------------------------------------- */

static int to_array(struct worker *w, const struct how *how, size_t at, const void *h, size_t n)
{
    CUarray a = w->at->array;
    if (how->async)
        return how->per_thread ? TRY(w, cu.cuMemcpyHtoAAsync_v2_ptsz(a, at, h, n, how->stream))
                               : TRY(w, cu.cuMemcpyHtoAAsync_v2(a, at, h, n, how->stream));
    return how->per_thread ? TRY(w, cu.cuMemcpyHtoA_v2_ptds(a, at, h, n)) : TRY(w, cu.cuMemcpyHtoA_v2(a, at, h, n));
}

static int from_array(struct worker *w, const struct how *how, void *h, size_t at, size_t n)
{
    CUarray a = w->at->array;
    if (how->async)
        return how->per_thread ? TRY(w, cu.cuMemcpyAtoHAsync_v2_ptsz(h, a, at, n, how->stream))
                               : TRY(w, cu.cuMemcpyAtoHAsync_v2(h, a, at, n, how->stream));
    return how->per_thread ? TRY(w, cu.cuMemcpyAtoH_v2_ptds(h, a, at, n)) : TRY(w, cu.cuMemcpyAtoH_v2(h, a, at, n));
}

void copy_array(struct worker *w, struct slot *s)
{
    const struct how there = draw_how(w);
    struct how back = draw_how(w);
    const struct range r = any_range(w, s, ARRAY_BYTES);
    const size_t at = draw(w, ARRAY_BYTES - r.bytes + 1);
    const enum sight sight = sight_of(w, s, r.from, r.bytes);
    char *host = s->base + r.from;
    back.stream = there.stream;
    back.waits = back.per_thread && !back.stream ? CU_STREAM_PER_THREAD : back.stream;
    if (!w->at->array || sight == STRADDLES)
        return;
    if (to_array(w, &there, at, host, r.bytes)) {
        if (sight == INSIDE)
            stream_wait(w, there.waits);
        memset(host, 0x5a, r.bytes);
        stream_wait(w, there.waits);
        did(there.async ? K_htoa_async : K_htoa);
        if (from_array(w, &back, host, at, r.bytes)) {
            if (sight == INSIDE)
                stream_wait(w, back.waits);
            check_at(w, s->seed, r.from, host, r.bytes, "back from the array");
            did(back.async ? K_atoh_async : K_atoh);
            return;
        }
    }
    stream_wait(w, there.waits);
    stream_wait(w, back.waits);
    slot_refill(s, r.from, r.bytes);
}

/* --- synchronous copies by the per-thread stream, which wait for no other -------------------------------------------
 */

static void box_now(struct worker *w, struct slot *s, const struct how *how)
{
    struct box box;
    if (!draw_box(w, s, how->deep, &box) || box.width * box.height * box.depth > w->at->device_bytes - GATED_BYTES)
        return;
    struct cu_memcpy3d copy = describe(w, s, &box, 0, how->unaligned);
    copy.dst_device += GATED_BYTES;
    if (!copy_box(w, &copy, how))
        return;
    did(how->deep ? K_copy_3d : K_copy_2d);
    copy = describe(w, s, &box, 1, how->unaligned);
    copy.src_device += GATED_BYTES;
    each_row(w, s, &box, SPOIL);
    if (copy_box(w, &copy, how))
        each_row(w, s, &box, CHECK_HOST);
    else
        each_row(w, s, &box, REFILL);
}

static void array_now(struct worker *w, struct slot *s, const struct how *how)
{
    const struct range r = any_range(w, s, ARRAY_BYTES);
    char *host = s->base + r.from;
    if (!w->at->array || !to_array(w, how, 0, host, r.bytes))
        return;
    did(K_htoa);
    memset(host, 0x5a, r.bytes);
    if (from_array(w, how, host, 0, r.bytes))
        check_at(w, s->seed, r.from, host, r.bytes, "back from the array");
    else
        slot_refill(s, r.from, r.bytes);
}

void copy_shaped_now(struct worker *w, struct slot *s)
{
    const struct how how = {.deep = (int)draw(w, 2), .unaligned = (int)draw(w, 2), .per_thread = 1};
    if (s->registered)
        return;
    box_now(w, s, &how);
    array_now(w, s, &how);
}
