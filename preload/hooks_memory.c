/* What the program does to its memory by itself: a large block is served again and may be pinned, of which the program
 * knows nothing, so neither may show.
 *
 *   madvise(MADV_DONTNEED) drops pages; DMA would go on with the old ones.  Of a promoted block the range is cleared
 * instead, which is what the program sees either way.  MADV_FREE promises nothing, and nothing is done. mprotect,
 * mlock, guards and the inheritance advices outlive free() in a slot that is served again: such a block is not.
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
#include "backend.h"
#include "life.h"
#include "policy/engine.h"
#include "policy/record.h"
#include "self.h"
#include "stage_move.h"
#include "system.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24 /* Linux 5.18 */
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

/* Calls act(block, from, bytes, arg) for the part of each block in the range, until one returns non-zero: that is the
 * result. */
static int for_parts(const void *addr, size_t bytes, int (*act)(struct block *, char *, size_t, int), int arg)
{
    char *at = (char *)addr, *const end = at + bytes;
    while (at < end && arena_owns(at)) {
        struct block *block = arena_find(at);
        if (!block)
            return 0;
        char *const stop = block->base + block->slot_bytes < end ? block->base + block->slot_bytes : end;
        const int result = act(block, at, (size_t)(stop - at), arg);
        if (result)
            return result;
        at = stop;
    }
    return 0;
}

static int taint(struct block *block, char *from, size_t bytes, int unused)
{
    (void)from;
    (void)bytes;
    (void)unused;
    engine_taint(block);
    return 0;
}

static int note_huge(struct block *block, char *from, size_t bytes, int unused)
{
    (void)from;
    (void)unused;
    if (!word_is_free(block_word(block)) && bytes >= block->bytes / 2)
        engine_huge(block);
    return 0;
}

static int is_promoted(const struct block *block)
{
    return block_state(block) >= BLOCK_PINNING;
}

/* While it is cleared it stays as it is: not unpinned, so that its pages are those that were pinned.  One that the
 * program may have made unwritable is unpinned first, and never cleared. */
static int drop(struct block *block, char *from, size_t bytes, int advice)
{
    int result = 0;
    if (block->tainted)
        engine_demote(block);
    engine_copy_begin(block);
    if (is_promoted(block) && !block->tainted)
        memset(from, 0, bytes);
    else
        result = (int)syscall(SYS_madvise, from, bytes, advice);
    if (is_promoted(block)) /* its promotion began meanwhile: the pages there now may not be the ones it locked */
        engine_taint(block);
    engine_copy_end(block);
    return result;
}

/* mlock does not nest, pages with guards cannot be pinned, and pinned ones would be taken out behind the device's back.
 */
static int unpin(struct block *block, char *from, size_t bytes, int unused)
{
    taint(block, from, bytes, unused);
    engine_demote(block);
    return 0;
}

static int is_ours(const void *addr)
{
    if (LIKELY(!arena_owns(addr)) || self.busy || !life_is_on())
        return 0;
    life_notice_fork();
    return 1;
}

/* Whether the advice changes what free() would have to undo. */
static int lasts(int advice)
{
    return advice == MADV_DONTFORK || advice == MADV_WIPEONFORK;
}

/* Rights that one who stages copies may lack. */
static void notice_rights(int protection, int key)
{
    if ((protection & (PROT_READ | PROT_WRITE)) != (PROT_READ | PROT_WRITE) || key > 0)
        stage_distrust();
}

EXPORT int madvise(void *addr, size_t bytes, int advice)
{
    const size_t page = (size_t)getpagesize();
    if (advice == MADV_GUARD_INSTALL)
        stage_distrust();
    if (!is_ours(addr))
        return (int)syscall(SYS_madvise, addr, bytes, advice);
    if ((advice == MADV_DONTNEED || advice == MADV_DONTNEED_LOCKED) && (uintptr_t)addr % page == 0)
        return for_parts(addr, (bytes + page - 1) & ~(page - 1), drop, advice);
    const struct block *block = arena_find(addr);
    if (advice == MADV_FREE && block && is_promoted(block))
        return 0;
    if (advice == MADV_GUARD_INSTALL)
        for_parts(addr, bytes, unpin, 0);
    if (lasts(advice))
        for_parts(addr, bytes, taint, 0);
    if (advice == MADV_HUGEPAGE)
        for_parts(addr, bytes, note_huge, 0);
    return (int)syscall(SYS_madvise, addr, bytes, advice);
}

EXPORT int mprotect(void *addr, size_t bytes, int protection)
{
    notice_rights(protection, -1);
    if (is_ours(addr))
        for_parts(addr, bytes, unpin, 0);
    return (int)syscall(SYS_mprotect, addr, bytes, protection);
}

EXPORT int pkey_mprotect(void *addr, size_t bytes, int protection, int key)
{
    notice_rights(protection, key);
    if (is_ours(addr))
        for_parts(addr, bytes, unpin, 0);
    if (key == -1) /* as glibc does */
        return (int)syscall(SYS_mprotect, addr, bytes, protection);
    return (int)syscall(SYS_pkey_mprotect, addr, bytes, protection, key);
}

static int locked_by_autopin(const struct block *block, const void *unused)
{
    (void)unused;
    return block->pin_backend == BACKEND_MLOCK;
}

/* Whether the limit on locked memory forbids `bytes` more. */
static int at_limit(size_t bytes)
{
    struct rlimit limit;
    if (backend_lock_unlimited() || getrlimit(RLIMIT_MEMLOCK, &limit))
        return 0;
    const uint64_t locked = system_locked_bytes();
    return bytes > limit.rlim_cur || locked > limit.rlim_cur - bytes;
}

/* The program could not lock memory: whether that may be because of what autopin had locked, and now has not any more.
 */
static int makes_room(long result, size_t bytes)
{
    const int error = errno;
    const uint64_t before = count_get(&record.totals.locked_bytes);
    if (result == 0 || (error != ENOMEM && error != EAGAIN && error != EPERM) || self.busy || !life_is_on() ||
        !before || !at_limit(bytes))
        return 0;
    life_notice_fork();
    engine_demote_matching(locked_by_autopin, NULL);
    errno = error;
    return count_get(&record.totals.locked_bytes) < before;
}

static long lock_once(const void *addr, size_t bytes, unsigned flags)
{
    return flags ? syscall(SYS_mlock2, addr, bytes, flags) : syscall(SYS_mlock, addr, bytes);
}

static int lock_range(const void *addr, size_t bytes, unsigned flags)
{
    if (is_ours(addr))
        for_parts(addr, bytes, unpin, 0);
    long result = lock_once(addr, bytes, flags);
    if (makes_room(result, bytes))
        result = lock_once(addr, bytes, flags);
    return (int)result;
}

EXPORT int mlock(const void *addr, size_t bytes)
{
    return lock_range(addr, bytes, 0);
}

EXPORT int mlock2(const void *addr, size_t bytes, unsigned flags)
{
    return lock_range(addr, bytes, flags);
}

EXPORT int munlock(const void *addr, size_t bytes)
{
    if (is_ours(addr))
        for_parts(addr, bytes, unpin, 0);
    return (int)syscall(SYS_munlock, addr, bytes);
}

/* --- limits: a reservation counts as address space -------------------------------------------------------------------
 */

static void give_up_reservation(void)
{
    if (self.busy || !life_is_on())
        return;
    self_enter();
    life_notice_fork();
    arena_shrink();
    self_leave();
}

EXPORT int mlockall(int flags)
{
    give_up_reservation();
    arena_pages_stay();
    long result = syscall(SYS_mlockall, flags);
    if (makes_room(result, SIZE_MAX))
        result = syscall(SYS_mlockall, flags);
    return (int)result;
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
