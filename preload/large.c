/* Large blocks.  See large.h.  No lock is held here; sites, engine and arena take their own. */
#define _GNU_SOURCE
#include "large.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "life.h"
#include "modules.h"
#include "next.h"
#include "own_heap.h"
#include "policy/engine.h"
#include "policy/prim.h"
#include "policy/record.h"
#include "policy/site.h"
#include "quick.h"
#include "recent.h"
#include "self.h"
#include "symbols.h"
#include "trace.h"
#include "unwind.h"

static uint64_t trace_hash(const struct trace *trace, size_t size)
{
    uint64_t hash = site_size_log2(size) + 1;
    for (unsigned i = 0; i < trace->n; i++) {
        hash = (hash ^ trace->pc[i]) * 0x9E3779B97F4A7C15ull;
        hash ^= hash >> 32;
    }
    return hash;
}

/* Enters a site seen for the first time.  Function names are looked up only when there are rules to match. */
static struct site *new_site(uint64_t hash, const struct trace *trace, size_t size)
{
    struct frame frames[SITE_FRAMES] = {0};
    const char *names[SITE_FRAMES] = {0};
    for (unsigned i = 0; i < trace->n; i++) {
        uint64_t offset;
        frames[i].pc = trace->pc[i];
        module_of(&frames[i]);
        if (life_options()->n_rules)
            (void)symbol_at(trace->pc[i] - 1, &names[i], &offset);
    }
    return site_add(hash, frames, names, trace->n, size);
}

/* Of a stack that has to be unwound. */
static __attribute__((noinline)) struct site *unwound_site(size_t size, const struct caller *caller)
{
    struct trace trace;
    trace.n = unwind_stack(trace.pc, SITE_FRAMES, caller->pc);
    const uint64_t hash = trace_hash(&trace, size);
    struct site *site = site_find(hash);
    if (!site)
        site = new_site(hash, &trace, size);
    recent_unwound(caller->slot, &trace, site_size_log2(size), site);
    return site;
}

/* Of a stack that can be walked and has been unwound before; else NULL. */
static struct site *walked_site(size_t size, const struct caller *caller)
{
    struct trace trace;
    if (!walk_stack(caller->slot, &trace))
        return NULL;
    const uint64_t hash = trace_hash(&trace, size);
    struct site *site = recent_site(hash);
    if (!site && !(site = site_find(hash)))
        return NULL;
    recent_walked(&trace, site_size_log2(size), hash, site);
    return site;
}

static struct site *site_of_caller(size_t size, const struct caller *caller)
{
    const struct recent_stack *stack = recent_find_again(caller->slot, site_size_log2(size));
    struct site *site = stack ? stack->site : walked_site(size, caller);
    return site ? site : unwound_site(size, caller);
}

/* A recycled pinned block of a hot site, or a fresh one; NULL when the arena has none.  `empty`: one without pages. */
static struct block *serve(size_t size, const struct caller *caller, int empty)
{
    struct site *site = site_of_caller(size, caller);
    const uint32_t size_class = arena_class(size);
    struct block *block = empty ? NULL : engine_recycle(site, size, size_class);
    if (!block && !empty && (block = quick_here(site, size, size_class)))
        return block;
    if (!block && (block = empty ? arena_take_empty(size_class) : arena_take(size_class))) {
        if (empty)
            block->fresh = 0; /* its pages will be moved there, not faulted in */
        engine_born(block, site, size);
    }
    return block;
}

static struct block *alloc_block(size_t size, size_t align, const struct caller *caller, int empty)
{
    if (self.busy || size > PTRDIFF_MAX || (self.in_callback && !life_is_on()) || module_is_loader(caller->pc) ||
        !life_on() || size < life_min_size)
        return NULL;
    self_enter();
    life_notice_fork();
    struct block *block = arena_range.bytes && arena_aligns(size, align) ? serve(size, caller, empty) : NULL;
    recent_served(block);
    if (!block)
        count_add(&record.totals.large_forwarded, 1);
    else if (UNLIKELY(trace_on))
        trace_alloc(block);
    self_leave();
    return block;
}

static void tell(struct block *block, void (*what)(struct block *))
{
    self_enter();
    life_notice_fork();
    what(block);
    self_leave();
}

static __attribute__((noinline)) void *alloc_slowly(struct block *block, size_t size, size_t align, int zero,
                                                    const struct caller *caller)
{
    void *own = self.busy ? own_heap_alloc(size, align) : NULL;
    if (own)
        return own;
    if (block && trace_on)
        tell(block, trace_alloc);
    if (!block)
        block = alloc_block(size, align, caller, 0);
    if (block && zero && (block->dirty || !block->fresh))
        memset(block->base, 0, size);
    return block ? block->base : NULL;
}

void *large_alloc(size_t size, size_t align, int zero, const struct caller *caller)
{
    struct block *block = arena_aligns(size, align) ? quick_alloc(size, caller) : NULL;
    return LIKELY(block && !zero && !trace_on) ? block->base : alloc_slowly(block, size, align, zero, caller);
}

static __attribute__((noinline)) void free_slowly(void *ptr, struct block *block)
{
    self_enter();
    life_notice_fork();
    if (block && block->base == ptr && !own_heap_is(block))
        engine_free(block);
    else if (!own_heap_is(block))
        prim_log(0, "autopin: free(%p): not the start of a block that is in use; ignored", ptr);
    self_leave();
}

void large_free(void *ptr)
{
    struct block *block = arena_find(ptr);
    const int is_start = LIKELY(block && block->base == ptr);
    if (UNLIKELY(trace_on) && is_start && !own_heap_is(block))
        tell(block, trace_free); /* before: it may be served again at once */
    if (UNLIKELY(!is_start || !quick_free(block)))
        free_slowly(ptr, block);
}

size_t large_usable(const void *ptr)
{
    const struct block *block = arena_find(ptr);
    if (own_heap_is(block))
        return own_heap_usable(ptr);
    return block ? block->bytes : 0;
}

/* Changes the size where it is: only of a PLAIN block, within its slot, and not so far down that most of it is waste.
 */
static int resize_in_place(struct block *block, size_t size)
{
    if (size > block->slot_bytes || size < block->bytes / 2 || !block_move_begin(block))
        return 0;
    const size_t page = 4096, used = (size + page - 1) & ~(page - 1);
    arena_trim(block, used);
    engine_resized(block, size);
    if (UNLIKELY(trace_on))
        trace_resize(block);
    block_move_end(block);
    return 1;
}

/* Moves the pages of a PLAIN block into a bigger slot without copying them.  NULL: still to be done. */
static void *move_pages(struct block *from, size_t size, const struct caller *caller)
{
    if (from->tainted || !block_move_begin(from)) /* what the program changed must not move with the pages */
        return NULL;
    struct block *to = alloc_block(size, 0, caller, 1);
    int rc = -EINVAL;
    if (to && block_state(to) == BLOCK_PLAIN) /* its slot is empty, and nobody pins it */
        rc = arena_move_pages(from, from->bytes, to, 0);
    if (rc == 0) {
        arena_moved(from, to);
        engine_moved(from);
    }
    block_move_end(from);
    if (to && rc == -ENOMEM) {
        large_free(to->base);
        return NULL;
    }
    if (to && rc)
        memcpy(to->base, from->base, from->bytes);
    return to ? to->base : NULL;
}

static void *own_moved(const void *ptr, size_t size, const struct caller *caller)
{
    const size_t had = own_heap_usable(ptr);
    void *to = large_alloc(size, 0, 0, caller);
    if (!to && !(to = next.malloc(size)))
        return NULL;
    return memcpy(to, ptr, had < size ? had : size);
}

void *large_realloc(void *ptr, size_t size, const struct caller *caller)
{
    life_notice_fork();
    struct block *block = arena_find(ptr);
    if (own_heap_is(block))
        return own_moved(ptr, size, caller);
    if (!block || block->base != ptr)
        return NULL;
    self_enter();
    const int in_place = resize_in_place(block, size);
    self_leave();
    if (in_place)
        return ptr;
    void *to = size > block->bytes ? move_pages(block, size, caller) : NULL;
    if (!to) {
        to = large_alloc(size, 0, 0, caller);
        if (!to && !(to = next.malloc(size)))
            return NULL;
        memcpy(to, ptr, size < block->bytes ? size : block->bytes);
    }
    large_free(ptr);
    return to;
}
