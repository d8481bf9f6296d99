/* Memory in place of a block.  See shadow.h. */
#include "shadow.h"

#include <string.h>

#include "life.h"
#include "policy/mem.h"
#include "policy/prim.h"

enum {
    FREELY_BYTES = 1 << 20 /* a larger one leaves `min_free` to the system, as pins do */
};

struct shadow {
    struct shadow *next;
    struct box box;
    size_t size; /* of all this */
    int ways;
    char bytes[]; /* the driver asks for no alignment of pageable memory */
};

size_t box_bytes(const struct box *box)
{
    size_t bytes;
    if (__builtin_mul_overflow(box->width, box->height, &bytes) || __builtin_mul_overflow(bytes, box->depth, &bytes))
        return SIZE_MAX;
    return bytes;
}

/* From its first byte to behind its last one; SIZE_MAX when that is too much to count.  The box is not empty. */
static size_t extent(const struct box *box)
{
    size_t rows, slices, all;
    if (__builtin_mul_overflow(box->height - 1, box->pitch, &rows) || __builtin_add_overflow(rows, box->width, &rows))
        return SIZE_MAX;
    if (box->depth > 1 && box->slice < rows)
        return SIZE_MAX;
    if (__builtin_mul_overflow(box->depth - 1, box->slice, &slices) || __builtin_add_overflow(rows, slices, &all))
        return SIZE_MAX;
    return all;
}

int box_is_within(const struct box *box, uintptr_t from, size_t bytes)
{
    if (box_bytes(box) == 0 || box->first < from || box->first - from >= bytes)
        return 0;
    if (box->height > 1 && box->pitch < box->width)
        return 0;
    return extent(box) <= bytes - (box->first - from);
}

static void move_rows(struct shadow *shadow, int out)
{
    const struct box *box = &shadow->box;
    const size_t pitch = box->loose ? box->pitch : box->width;
    const size_t slice = box->loose ? box->slice : box->width * box->height;
    for (size_t z = 0; z < box->depth; z++)
        for (size_t y = 0; y < box->height; y++) {
            char *row = (char *)(box->first + z * box->slice + y * box->pitch); /* NOLINT(performance-no-int-to-ptr) */
            char *mine = shadow->bytes + box->lead + z * slice + y * pitch;
            memcpy(out ? row : mine, out ? mine : row, box->width);
        }
}

char *shadow_add(struct shadow **list, const struct box *box, int ways)
{
    size_t size = box->loose ? extent(box) : box_bytes(box);
    if (__builtin_add_overflow(size, box->lead, &size) || __builtin_add_overflow(size, sizeof(struct shadow), &size))
        return NULL;
    if (box_bytes(box) > FREELY_BYTES && !prim_memory_take(box_bytes(box), life_options()->min_free))
        return NULL;
    struct shadow *shadow = mem_get(size);
    if (!shadow)
        return NULL;
    shadow->next = *list;
    shadow->box = *box;
    shadow->size = size;
    shadow->ways = ways;
    *list = shadow;
    if (ways & SHADOW_IN)
        move_rows(shadow, 0);
    return shadow->bytes + box->lead;
}

void shadow_end(struct shadow *list, int arrived)
{
    while (list) {
        struct shadow *next = list->next;
        if ((list->ways & SHADOW_OUT) && (arrived || (list->ways & SHADOW_IN)))
            move_rows(list, 1);
        mem_put(list, list->size);
        list = next;
    }
}
