/* The arena's address range, its table of slots and its size classes.  See arena.h; free slots are in arena_free.c. */
#define _GNU_SOURCE
#include "arena.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "arena_int.h"
#include "policy/hot.h"
#include "policy/lock.h"

enum {
    GRANULE_LOG2 = 16,
    STEP_MOST_LOG2 = 32,
    STEP_LEAST_LOG2 = 28,
    MAX_STEPS = 4096,
    BLOCKS_AT_ONCE = 63,
};
static const size_t GRANULE = (size_t)1 << GRANULE_LOG2;
static const size_t HUGE_PAGE = (size_t)2 << 20;

HOT_DATA struct arena_range arena_range = {.base = (uintptr_t)1 << 63};

static struct lock arena_lock = LOCK_OF(RANK_ARENA);
static struct block **tables[MAX_STEPS]; /* one per step: granule → block; filled before the range grows over it */
static HOT_DATA unsigned step_log2;      /* of a step's bytes */
static uintptr_t carve_at;               /* arena_lock */
static struct block *spare_blocks;       /* arena_lock */
static unsigned n_spare_blocks;          /* arena_lock */

static size_t step_bytes(void)
{
    return (size_t)1 << step_log2;
}

/* Where the table says whose the granule at this offset from the base is. */
static struct block **entry_at(size_t offset)
{
    return &tables[offset >> step_log2][(offset & (step_bytes() - 1)) >> GRANULE_LOG2];
}

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* An address in the wide gap between the heap and the libraries (x86-64 and aarch64, 47 or 48 bits), different in every
 * process as the kernel's own are. */
static uintptr_t hint(void)
{
    const uint64_t *random = (const uint64_t *)getauxval(AT_RANDOM); /* NOLINT(performance-no-int-to-ptr) */
    const uintptr_t base = (uintptr_t)0x200000000000;
    return base + (random ? (random[1] & 0xfff) * ((uintptr_t)1 << 31) : 0);
}

/* Without MAP_NORESERVE: what has no access is not charged anyway, but once it is made writable the kernel must have
 * the chance to refuse what it would refuse to malloc (Linux 6.18, mm/mprotect.c: mprotect_fixup()). */
static void *map_none(uintptr_t at, size_t bytes, int flags)
{
    return mmap((void *)at, bytes, PROT_NONE, /* NOLINT(performance-no-int-to-ptr) */
                MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* Makes a table for the step and puts it in force.  Lock: arena_lock, or start. */
static int table_add(size_t step)
{
    if (step >= MAX_STEPS)
        return -ENOMEM;
    if (!tables[step])
        tables[step] = hot_away(prim_map(step_bytes() / GRANULE * sizeof(struct block *) + HOT_AWAY));
    return tables[step] ? 0 : -ENOMEM;
}

int arena_start(void)
{
    struct rlimit limit;
    size_t most = (size_t)1 << STEP_MOST_LOG2;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur / 8 < most)
        most = limit.rlim_cur / 8; /* the rest is the program's */
    for (step_log2 = STEP_MOST_LOG2; step_log2 >= STEP_LEAST_LOG2; step_log2--) {
        if (step_bytes() > most)
            continue;
        void *base = map_none(hint(), step_bytes(), 0);
        if (base == MAP_FAILED)
            continue;
        if (table_add(0)) {
            munmap(base, step_bytes());
            continue;
        }
        carve_at = (uintptr_t)base;
        arena_range.base = (uintptr_t)base;
        atomic_thread_fence(memory_order_release);
        arena_range.bytes = step_bytes();
        return 0;
    }
    return -ENOMEM;
}

/* Up to the end of the next step (or of the one that arena_shrink() has cut).  Lock: arena_lock. */
static int grow(void)
{
    const uintptr_t end = arena_range.base + arena_range.bytes;
    const size_t bytes = step_bytes() - (arena_range.bytes & (step_bytes() - 1));
    int rc = table_add(arena_range.bytes >> step_log2);
    if (rc)
        return rc;
    void *more = map_none(end, bytes, MAP_FIXED_NOREPLACE);
    if (more != (void *)end) { /* NOLINT(performance-no-int-to-ptr) */
        if (more != MAP_FAILED)
            munmap(more, bytes);
        return -ENOMEM;
    }
    __atomic_store_n(&arena_range.bytes, arena_range.bytes + bytes, __ATOMIC_RELEASE);
    return 0;
}

void arena_shrink(void)
{
    lock_take(&arena_lock);
    const size_t used = (carve_at - arena_range.base + GRANULE - 1) & ~(GRANULE - 1);
    if (arena_range.bytes > used) {
        const size_t spare = arena_range.bytes - used;
        __atomic_store_n(&arena_range.bytes, used, __ATOMIC_RELEASE);
        munmap((void *)(arena_range.base + used), spare); /* NOLINT(performance-no-int-to-ptr) */
    }
    lock_drop(&arena_lock);
}

struct block *arena_find(const void *ptr)
{
    const size_t offset = (uintptr_t)ptr - arena_range.base;
    if (offset >= arena_range.bytes)
        return NULL;
    return __atomic_load_n(entry_at(offset), __ATOMIC_ACQUIRE);
}

void arena_each(void (*act)(struct block *block))
{
    struct block *block;
    for (uintptr_t at = arena_range.base; at < carve_at; at = block ? at + block->slot_bytes : at + GRANULE) {
        block = arena_find((void *)at); /* NOLINT(performance-no-int-to-ptr) */
        if (block)
            act(block);
    }
}

uint32_t arena_class(size_t bytes)
{
    const size_t granules = (bytes + GRANULE - 1) >> GRANULE_LOG2;
    const unsigned log2 = granules < 16 ? 3 : 63u - (unsigned)__builtin_clzll(granules);
    const unsigned shift = log2 - 3;
    return (uint32_t)(shift * 8 + ((granules + ((size_t)1 << shift) - 1) >> shift));
}

size_t arena_class_bytes(uint32_t size_class)
{
    const unsigned shift = size_class < 16 ? 0 : size_class / 8 - 1;
    return (size_t)(size_class - shift * 8) << (shift + GRANULE_LOG2);
}

static size_t class_align(size_t slot_bytes)
{
    return slot_bytes >= HUGE_PAGE ? HUGE_PAGE : GRANULE;
}

int arena_aligns(size_t bytes, size_t align)
{
    return align <= GRANULE || align <= class_align(arena_class_bytes(arena_class(bytes)));
}

/* Lock: arena_lock. */
static struct block *block_new(void)
{
    if (n_spare_blocks == 0) {
        spare_blocks = hot_away(prim_map(BLOCKS_AT_ONCE * sizeof(struct block) + HOT_AWAY));
        if (!spare_blocks)
            return NULL;
        n_spare_blocks = BLOCKS_AT_ONCE;
    }
    return &spare_blocks[--n_spare_blocks];
}

static void enter(struct block *block)
{
    const size_t first = (size_t)(block->base - (char *)arena_range.base); /* NOLINT(performance-no-int-to-ptr) */
    for (size_t at = first; at < first + block->slot_bytes; at += GRANULE)
        __atomic_store_n(entry_at(at), block, __ATOMIC_RELEASE);
}

struct block *arena_carve(uint32_t size_class)
{
    const size_t bytes = arena_class_bytes(size_class), align = class_align(bytes);
    struct block *block = NULL;
    lock_take(&arena_lock);
    const uintptr_t at = (carve_at + align - 1) & ~(uintptr_t)(align - 1);
    int rc = 0;
    while (rc == 0 && at + bytes > arena_range.base + arena_range.bytes)
        rc = grow();
    if (rc == 0 && (block = block_new())) {
        carve_at = at + bytes;
        block->size_class = size_class;
        block->base = (char *)at; /* NOLINT(performance-no-int-to-ptr) */
        block->slot_bytes = bytes;
        enter(block);
    }
    lock_drop(&arena_lock);
    return block;
}

void arena_carve_take(void)
{
    lock_take(&arena_lock);
}

void arena_carve_drop(void)
{
    lock_drop(&arena_lock);
}
