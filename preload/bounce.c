/* The list of free bounce buffers.  See bounce.h. */
#include "bounce.h"

#include <stdatomic.h>
#include <stdint.h>

#include "policy/lock.h"
#include "policy/prim.h"

struct buffer {
    struct buffer *next;
};

/* The first one is there always: what cannot wait for memory waits for it to be returned. */
static union {
    struct buffer buffer;
    char bytes[BOUNCE_BYTES];
} first __attribute__((aligned(4096)));

static struct lock bounce_lock = LOCK_OF(RANK_BOUNCE);
static struct buffer *free_buffers = &first.buffer;
static _Atomic uint32_t returned; /* times that a buffer came back */

static struct buffer *take(void)
{
    lock_take(&bounce_lock);
    struct buffer *buffer = free_buffers;
    if (buffer)
        free_buffers = buffer->next;
    lock_drop(&bounce_lock);
    return buffer;
}

void *bounce_get(void)
{
    for (;;) {
        const uint32_t seen = atomic_load(&returned);
        struct buffer *buffer = take();
        if (buffer || (buffer = prim_map(BOUNCE_BYTES)))
            return buffer;
        prim_wait(&returned, seen);
    }
}

void bounce_put(void *mem)
{
    struct buffer *buffer = mem;
    lock_take(&bounce_lock);
    buffer->next = free_buffers;
    free_buffers = buffer;
    lock_drop(&bounce_lock);
    atomic_fetch_add(&returned, 1);
    prim_wake(&returned);
}

void bounce_fork_take(void)
{
    lock_take(&bounce_lock);
}

void bounce_fork_drop(void)
{
    lock_drop(&bounce_lock);
}
