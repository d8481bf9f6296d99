/* Locking pages without a driver: prefault, then mlock.
 *
 * mlock neither nests nor counts in anything but whole pages (rule 29); two blocks never share a page, so locked_bytes
 * equals the kernel's VmLck as far as autopin is concerned.  Where the limit on locked memory forbids the lock, the
 * block is kept resident without it: it still saves its page faults, and the report says why it is not locked. */
#define _GNU_SOURCE
#include "backend.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "life.h"
#include "policy/engine.h"
#include "policy/prim.h"
#include "policy/record.h"
#include "policy/site.h"

enum {
    LOCKED = 1,   /* pin_device of a block that mlock() holds */
    RESIDENT = 0, /* … and of one that is only kept */
};

/* The kernel's own rule: mm/mlock.c, can_do_mlock(). */
int backend_lock_unlimited(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
        return 1;
    return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1u << CAP_IPC_LOCK));
}

/* Of a limit autopin takes half at most: the rest is the program's. */
static uint64_t room(void)
{
    struct rlimit limit;
    if (backend_lock_unlimited() || getrlimit(RLIMIT_MEMLOCK, &limit))
        return UINT64_MAX;
    const uint64_t used = count_get(&record.totals.locked_bytes);
    return limit.rlim_cur / 2 > used ? limit.rlim_cur / 2 - used : 0;
}

static void note_limit(struct site *site)
{
    static _Atomic int said;
    count_add(&site->refused[REASON_MEMLOCK], 1);
    if (!atomic_exchange(&said, 1))
        life_note(
            "the limit on locked memory (ulimit -l) is too low: recycled blocks are kept resident, but not locked");
}

int backend_mlock_pin(struct block *block)
{
    const size_t bytes = block->pin_bytes;
    block->pin_device = RESIDENT;
    if (backend_populate(block->base, bytes))
        return -ECANCELED;
    if (bytes > room() || mlock(block->base, bytes)) {
        munlock(block->base, bytes); /* a lock that failed half-way leaves its first pages locked */
        note_limit(block->site);
        return 0;
    }
    block->pin_device = LOCKED;
    level_add(&record.totals.locked_bytes, &record.totals.locked_bytes_peak, bytes);
    return 0;
}

int backend_mlock_unpin(struct block *block)
{
    if (block->pin_device != LOCKED)
        return 0;
    if (munlock(block->base, block->pin_bytes))
        return -errno;
    level_sub(&record.totals.locked_bytes, block->pin_bytes);
    return 0;
}
