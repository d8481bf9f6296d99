/* The host sides of 2D, 3D and linear copies, and of those to and from arrays.  See guard.h.
 *
 * A shadow is packed, so the description of its side changes with the address.  That must not make a copy right that
 * the driver would refuse (rule 17): what contradicts itself has no shadow. */
#include <limits.h>

#include "guard.h"

struct side {
    uintptr_t host; /* 0: in no memory that the host addresses */
    size_t x, y, z, pitch, rows;
};

static struct side source_of(const struct cu_memcpy3d *copy)
{
    const uintptr_t host = copy->src_type == CU_MEMORYTYPE_HOST      ? (uintptr_t)copy->src_host
                           : copy->src_type == CU_MEMORYTYPE_UNIFIED ? copy->src_device
                                                                     : 0;
    return (struct side){host, copy->src_x, copy->src_y, copy->src_z, copy->src_pitch, copy->src_height};
}

static struct side target_of(const struct cu_memcpy3d *copy)
{
    const uintptr_t host = copy->dst_type == CU_MEMORYTYPE_HOST      ? (uintptr_t)copy->dst_host
                           : copy->dst_type == CU_MEMORYTYPE_UNIFIED ? copy->dst_device
                                                                     : 0;
    return (struct side){host, copy->dst_x, copy->dst_y, copy->dst_z, copy->dst_pitch, copy->dst_height};
}

static uintptr_t first_byte(const struct side *side)
{
    return side->host ? side->host + (side->z * side->rows + side->y) * side->pitch + side->x : 0;
}

/* Whether every row and slice has the room that it is said to have. */
static int is_tidy(const struct side *side, const struct cu_memcpy3d *copy)
{
    size_t needs;
    if (__builtin_add_overflow(side->x, copy->width, &needs) || needs > (side->pitch ? side->pitch : INT_MAX) ||
        side->pitch > INT_MAX)
        return 0;
    return !__builtin_add_overflow(side->y, copy->height, &needs) && (!side->rows || needs <= side->rows);
}

/* Whether it is known where the bytes are.  Pitch and rows may be missing, where there is but one row or slice. */
static int is_known(const struct side *side, const struct cu_memcpy3d *copy)
{
    size_t slices, rows, offset;
    if (!side->pitch && (side->y || copy->height > 1 || copy->depth > 1))
        return 0;
    if ((!side->rows && (side->z || copy->depth > 1)) || __builtin_mul_overflow(side->pitch, side->rows, &offset))
        return 0;
    return !__builtin_mul_overflow(side->z, side->rows, &slices) && !__builtin_add_overflow(slices, side->y, &rows) &&
           !__builtin_mul_overflow(rows, side->pitch, &offset) && !__builtin_add_overflow(offset, side->x, &offset);
}

static void pack(struct side *side, const struct cu_memcpy3d *copy)
{
    side->x = side->y = side->z = 0;
    side->pitch = side->pitch ? copy->width : 0;
    side->rows = side->rows ? copy->height : 0;
}

/* A side in the form that the driver is to have.  Returns whether it is a shadow. */
static int shadowed(struct guard *guard, struct side *side, const struct cu_memcpy3d *copy, int ways)
{
    struct box box = {.first = first_byte(side),
                      .width = copy->width,
                      .height = copy->height,
                      .depth = copy->depth,
                      .pitch = side->pitch,
                      .slice = side->pitch * side->rows,
                      .loose = !is_tidy(side, copy)};
    box.lead = box.loose ? box.first - side->host : 0;
    char *shadow = box.first ? guard_shadow(guard, &box, is_known(side, copy) ? ways : 0) : NULL;
    if (!shadow)
        return 0;
    side->host = (uintptr_t)shadow - box.lead;
    if (!box.loose)
        pack(side, copy);
    return 1;
}

static int shadow_source(struct guard *guard, struct cu_memcpy3d *copy)
{
    struct side side = source_of(copy);
    if (!shadowed(guard, &side, copy, SHADOW_IN))
        return 0;
    if (copy->src_type == CU_MEMORYTYPE_HOST)
        copy->src_host = (void *)side.host; /* NOLINT(performance-no-int-to-ptr) */
    else
        copy->src_device = side.host;
    copy->src_x = side.x;
    copy->src_y = side.y;
    copy->src_z = side.z;
    copy->src_pitch = side.pitch;
    copy->src_height = side.rows;
    return 1;
}

static int shadow_target(struct guard *guard, struct cu_memcpy3d *copy)
{
    struct side side = target_of(copy);
    if (!shadowed(guard, &side, copy, SHADOW_OUT))
        return 0;
    if (copy->dst_type == CU_MEMORYTYPE_HOST)
        copy->dst_host = (void *)side.host; /* NOLINT(performance-no-int-to-ptr) */
    else
        copy->dst_device = side.host;
    copy->dst_x = side.x;
    copy->dst_y = side.y;
    copy->dst_z = side.z;
    copy->dst_pitch = side.pitch;
    copy->dst_height = side.rows;
    return 1;
}

/* Returns whether the copy has been changed. */
static int begin_sides(struct guard *guard, struct cu_memcpy3d *copy)
{
    const struct side source = source_of(copy), target = target_of(copy);
    guard_add(guard, first_byte(&source));
    guard_add(guard, first_byte(&target));
    guard->snapshots = 1;
    guard_begin(guard);
    const int changed = shadow_source(guard, copy);
    return shadow_target(guard, copy) || changed;
}

const struct cu_memcpy3d *guard_begin_3d(struct guard *guard, const struct cu_memcpy3d *copy, struct cu_memcpy3d *mine)
{
    if (!copy)
        return NULL;
    *mine = *copy;
    return begin_sides(guard, mine) ? mine : copy;
}

static struct cu_memcpy3d widen(const struct cu_memcpy2d *copy)
{
    return (struct cu_memcpy3d){.src_x = copy->src_x,
                                .src_y = copy->src_y,
                                .src_type = copy->src_type,
                                .src_host = copy->src_host,
                                .src_device = copy->src_device,
                                .src_pitch = copy->src_pitch,
                                .dst_x = copy->dst_x,
                                .dst_y = copy->dst_y,
                                .dst_type = copy->dst_type,
                                .dst_host = copy->dst_host,
                                .dst_device = copy->dst_device,
                                .dst_pitch = copy->dst_pitch,
                                .width = copy->width,
                                .height = copy->height,
                                .depth = 1};
}

const struct cu_memcpy2d *guard_begin_2d(struct guard *guard, const struct cu_memcpy2d *copy, struct cu_memcpy2d *mine)
{
    if (!copy)
        return NULL;
    struct cu_memcpy3d wide = widen(copy);
    if (!begin_sides(guard, &wide))
        return copy;
    *mine = *copy;
    mine->src_x = wide.src_x;
    mine->src_y = wide.src_y;
    mine->src_host = wide.src_host;
    mine->src_device = wide.src_device;
    mine->src_pitch = wide.src_pitch;
    mine->dst_x = wide.dst_x;
    mine->dst_y = wide.dst_y;
    mine->dst_host = wide.dst_host;
    mine->dst_device = wide.dst_device;
    mine->dst_pitch = wide.dst_pitch;
    return mine;
}

static uintptr_t linear(struct guard *guard, uintptr_t host, size_t bytes, int ways)
{
    const struct box box = {.first = host, .width = bytes, .height = 1, .depth = 1};
    char *shadow = guard_shadow(guard, &box, ways);
    return shadow ? (uintptr_t)shadow : host;
}

uintptr_t guard_begin_from(struct guard *guard, uintptr_t host, size_t bytes)
{
    guard_add(guard, host);
    guard->snapshots = 1;
    guard_begin(guard);
    return linear(guard, host, bytes, SHADOW_IN);
}

uintptr_t guard_begin_to(struct guard *guard, uintptr_t host, size_t bytes)
{
    guard_add(guard, host);
    guard_begin(guard);
    return linear(guard, host, bytes, SHADOW_OUT);
}

void guard_begin_both(struct guard *guard, uintptr_t *to, uintptr_t *from, size_t bytes)
{
    guard_add(guard, *from);
    guard_add(guard, *to);
    guard_begin(guard);
    *from = linear(guard, *from, bytes, SHADOW_IN);
    *to = linear(guard, *to, bytes, SHADOW_OUT);
}

void guard_hold_3d(const struct cu_memcpy3d *copy)
{
    if (!copy)
        return;
    const struct side source = source_of(copy), target = target_of(copy);
    guard_hold(first_byte(&source));
    guard_hold(first_byte(&target));
}
