/* Owns the sorted tables of memory ranges and the question every copy asks: device, pinned, pageable or neither.
 *
 * The caller holds sim.lock, except for the page probes, which need none. */
#define _GNU_SOURCE
#include "sim.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PAGE = 4096
};

/* Index of the first row that ends beyond the address. */
static size_t first_beyond(const struct sim_table *t, uintptr_t address)
{
    size_t low = 0, high = t->rows;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (t->row[middle].base + t->row[middle].bytes > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct sim_region *sim_table_at(const struct sim_table *t, uintptr_t address)
{
    size_t i = first_beyond(t, address);
    return i < t->rows && t->row[i].base <= address ? &t->row[i] : NULL;
}

bool sim_table_overlaps(const struct sim_table *t, uintptr_t base, size_t bytes)
{
    size_t i = first_beyond(t, base);
    return i < t->rows && t->row[i].base < base + bytes;
}

struct sim_region *sim_table_insert(struct sim_table *t, const struct sim_region *r)
{
    if (t->rows == t->room) {
        size_t room = t->room ? t->room * 2 : 64;
        struct sim_region *grown = sim_alloc(room * sizeof *grown);
        if (t->rows)
            memcpy(grown, t->row, t->rows * sizeof *grown);
        sim_free(t->row, t->room * sizeof *grown);
        t->row = grown;
        t->room = room;
    }
    size_t i = first_beyond(t, r->base);
    memmove(&t->row[i + 1], &t->row[i], (t->rows - i) * sizeof *r);
    t->row[i] = *r;
    t->rows++;
    return &t->row[i];
}

void sim_table_remove(struct sim_table *t, struct sim_region *r)
{
    size_t i = (size_t)(r - t->row);
    memmove(r, r + 1, (t->rows - i - 1) * sizeof *r);
    t->rows--;
}

static bool visible(const struct sim_region *r, const struct sim_ctx *ctx)
{
    return r->ctx == ctx || (r->flags & CU_MEMHOSTREGISTER_PORTABLE);
}

/* A range lies wholly inside one region or wholly outside all; what straddles a border is an invalid value. */
enum sim_place sim_classify(const struct sim_ctx *ctx, uintptr_t base, size_t bytes)
{
    const struct sim_table *tables[2] = {&sim.device, &sim.host};
    if (base == 0 || base + bytes < base)
        return PLACE_BAD;
    for (int i = 0; i < 2; i++) {
        size_t at = first_beyond(tables[i], base);
        const struct sim_region *r = &tables[i]->row[at];
        while (at < tables[i]->rows && r->base < base + bytes && i == 1 && !visible(r, ctx)) {
            at++;
            r++;
        }
        if (at == tables[i]->rows || r->base >= base + bytes)
            continue;
        if (base >= r->base && base + bytes <= r->base + r->bytes)
            return i == 0 ? PLACE_DEVICE : PLACE_PINNED;
        if (i == 1)
            SIM_ADD(straddles, 1);
        return PLACE_BAD;
    }
    return PLACE_PAGEABLE;
}

size_t sim_page_extent(uintptr_t base, size_t bytes)
{
    uintptr_t first = base & ~(uintptr_t)(PAGE - 1);
    return ((base + bytes + PAGE - 1) & ~(uintptr_t)(PAGE - 1)) - first;
}

/* msync finds holes without touching a page. */
bool sim_mapped(uintptr_t base, size_t bytes)
{
    uintptr_t first = base & ~(uintptr_t)(PAGE - 1);
    return bytes == 0 || msync((void *)first, sim_page_extent(base, bytes), MS_ASYNC) == 0 || errno != ENOMEM;
}
