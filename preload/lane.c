/* Lanes: who has which.  See lane.h. */
#define _GNU_SOURCE
#include "lane.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "life.h"
#include "policy/hot.h"
#include "policy/prim.h"

enum {
    LANES_MOST = 1024,
    LOOKED_AT = 16 /* lanes that a thread asks for before it makes a new one */
};

static const size_t MAPPED = sizeof(struct lane) + HOT_AWAY;
static struct lane *_Atomic lanes[LANES_MOST]; /* filled from the beginning, without gaps */
static _Atomic unsigned n_lanes, look_at;

static uint32_t this_thread(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

/* tgkill(2): no signal is sent.  A thread that cannot be asked about is taken to live. */
static int is_alive(uint32_t thread)
{
    return syscall(SYS_tgkill, getpid(), thread, 0) == 0 || errno != ESRCH;
}

/* The next owner of a lane.  The count keeps two threads from both taking it, should the old one's number come again.
 */
static uint64_t owner_after(uint64_t owner, uint32_t thread)
{
    return (owner >> 32 << 32) + (1ull << 32) + thread;
}

static struct lane *take_left(uint32_t thread)
{
    const unsigned n = atomic_load(&n_lanes), first = atomic_fetch_add(&look_at, LOOKED_AT);
    for (unsigned i = 0; i < n && i < LOOKED_AT; i++) {
        struct lane *lane = atomic_load(&lanes[(first + i) % n]);
        uint64_t owner = atomic_load(&lane->owner);
        if ((uint32_t)owner != thread && is_alive((uint32_t)owner))
            continue;
        if (atomic_compare_exchange_strong(&lane->owner, &owner, owner_after(owner, thread)))
            return lane;
    }
    return NULL;
}

static struct lane *make(uint32_t thread)
{
    struct lane *none = NULL, *lane = atomic_load(&n_lanes) < LANES_MOST ? prim_map(MAPPED) : NULL;
    if (!lane)
        return NULL;
    lane = hot_away(lane);
    atomic_store(&lane->owner, owner_after(0, thread));
    for (unsigned i = atomic_load(&n_lanes); i < LANES_MOST; i++, none = NULL)
        if (atomic_compare_exchange_strong(&lanes[i], &none, lane)) {
            atomic_fetch_add(&n_lanes, 1);
            return lane;
        }
    prim_unmap((char *)lane - HOT_AWAY, MAPPED);
    return NULL;
}

struct lane *lane_take(void)
{
    if (self.lane || self.laneless)
        return self.lane;
    if (!life_is_own_process()) /* a child that shares the parent's memory, and perhaps its thread's variables */
        return NULL;
    self_enter();
    const uint32_t thread = this_thread();
    self.lane = take_left(thread);
    if (!self.lane)
        self.lane = make(thread);
    self.laneless = !self.lane;
    self_leave();
    return self.lane;
}

struct tally *prim_tally(void)
{
    struct lane *lane = lane_mine();
    return lane ? &lane->tally : NULL;
}

struct tally *prim_tally_at(unsigned number)
{
    struct lane *lane = number < LANES_MOST ? atomic_load(&lanes[number]) : NULL;
    return lane ? &lane->tally : NULL;
}

void lane_fork_child(void)
{
    if (self.lane)
        atomic_store(&self.lane->owner, owner_after(atomic_load(&self.lane->owner), this_thread()));
}
