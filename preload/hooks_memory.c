/* What the program does to its memory by itself: a large block is served again and may be pinned, of which the program
 * knows nothing, so neither may show.
 *
 *   madvise(MADV_DONTNEED) drops pages; DMA would go on with the old ones.  Of a promoted block the range is cleared
 * instead, which is what the program sees either way.  MADV_FREE promises nothing, and nothing is done. mprotect, mlock
 * and the inheritance advices outlive free() in a slot that is served again: such a block is not.
 *
 * All go on by plain system calls: these functions are called where nothing can be looked up.  No lock. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arena.h"
#include "life.h"
#include "policy/engine.h"
#include "self.h"

/* Calls act(block, from, bytes) for the part of each block in the range. */
static void for_parts(char *at, size_t bytes, void (*act)(struct block *, char *, size_t))
{
    char *const end = at + bytes;
    while (at < end && arena_owns(at)) {
        struct block *block = arena_find(at);
        if (!block)
            return;
        char *const stop = block->base + block->slot_bytes < end ? block->base + block->slot_bytes : end;
        act(block, at, (size_t)(stop - at));
        at = stop;
    }
}

static void taint(struct block *block, char *from, size_t bytes)
{
    (void)from;
    (void)bytes;
    engine_taint(block);
}

static void note_huge(struct block *block, char *from, size_t bytes)
{
    (void)from;
    if (block_state(block) != BLOCK_GONE && bytes >= block->bytes / 2)
        engine_huge(block);
}

static int is_promoted(const struct block *block)
{
    return block_state(block) >= BLOCK_PINNING;
}

/* While it is cleared it stays as it is: not unpinned, so that its pages are those that were pinned. */
static void drop(struct block *block, char *from, size_t bytes)
{
    engine_copy_begin(block);
    if (is_promoted(block))
        memset(from, 0, bytes);
    else
        syscall(SYS_madvise, from, bytes, MADV_DONTNEED);
    if (is_promoted(block)) /* its promotion began meanwhile: the pages there now may not be the ones it locked */
        engine_taint(block);
    engine_copy_end(block);
}

static int is_ours(const void *addr)
{
    return UNLIKELY(arena_owns(addr)) && !self.busy && life_is_on();
}

EXPORT int madvise(void *addr, size_t bytes, int advice)
{
    const size_t page = (size_t)getpagesize();
    if (!is_ours(addr))
        return (int)syscall(SYS_madvise, addr, bytes, advice);
    if (advice == MADV_DONTNEED && (uintptr_t)addr % page == 0) {
        for_parts(addr, (bytes + page - 1) & ~(page - 1), drop);
        return 0;
    }
    const struct block *block = arena_find(addr);
    if (advice == MADV_FREE && block && is_promoted(block))
        return 0;
    if (advice == MADV_DONTFORK || advice == MADV_WIPEONFORK)
        for_parts(addr, bytes, taint);
    if (advice == MADV_HUGEPAGE)
        for_parts(addr, bytes, note_huge);
    return (int)syscall(SYS_madvise, addr, bytes, advice);
}

EXPORT int mprotect(void *addr, size_t bytes, int protection)
{
    if (is_ours(addr))
        for_parts(addr, bytes, taint);
    return (int)syscall(SYS_mprotect, addr, bytes, protection);
}

EXPORT int pkey_mprotect(void *addr, size_t bytes, int protection, int key)
{
    if (is_ours(addr))
        for_parts(addr, bytes, taint);
    if (key == -1) /* as glibc does */
        return (int)syscall(SYS_mprotect, addr, bytes, protection);
    return (int)syscall(SYS_pkey_mprotect, addr, bytes, protection, key);
}

EXPORT int mlock(const void *addr, size_t bytes)
{
    if (is_ours(addr))
        for_parts((char *)addr, bytes, taint);
    return (int)syscall(SYS_mlock, addr, bytes);
}

EXPORT int mlock2(const void *addr, size_t bytes, unsigned flags)
{
    if (is_ours(addr))
        for_parts((char *)addr, bytes, taint);
    return (int)(flags ? syscall(SYS_mlock2, addr, bytes, flags) : syscall(SYS_mlock, addr, bytes));
}

EXPORT int munlock(const void *addr, size_t bytes)
{
    if (is_ours(addr))
        for_parts((char *)addr, bytes, taint);
    return (int)syscall(SYS_munlock, addr, bytes);
}

/* --- limits: a reservation counts as address space -------------------------------------------------------------------
 */

static void give_up_reservation(void)
{
    if (self.busy || !life_is_on())
        return;
    self_enter();
    arena_shrink();
    self_leave();
}

EXPORT int mlockall(int flags)
{
    give_up_reservation();
    return (int)syscall(SYS_mlockall, flags);
}

static int limit(pid_t process, int resource, const struct rlimit *fresh, struct rlimit *old)
{
    if (resource == RLIMIT_AS && fresh)
        give_up_reservation();
    return (int)syscall(SYS_prlimit64, process, resource, fresh, old);
}

#if __SIZEOF_LONG__ == 8 /* struct rlimit and rlimit64 are the kernel's there */
EXPORT int setrlimit(__rlimit_resource_t resource, const struct rlimit *limits)
{
    return limit(0, (int)resource, limits, NULL);
}

EXPORT int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limits)
{
    return limit(0, (int)resource, (const struct rlimit *)limits, NULL);
}

EXPORT int prlimit(__pid_t process, enum __rlimit_resource resource, const struct rlimit *fresh, struct rlimit *old)
{
    return limit(process, (int)resource, fresh, old);
}

EXPORT int prlimit64(__pid_t process, enum __rlimit_resource resource, const struct rlimit64 *fresh,
                     struct rlimit64 *old)
{
    return limit(process, (int)resource, (const struct rlimit *)fresh, (struct rlimit *)old);
}
#endif
