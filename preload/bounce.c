/* The list of free bounce buffers.  See bounce.h. */
#include "bounce.h"

#include "policy/lock.h"
#include "policy/prim.h"

struct buffer {
    struct buffer *next;
};

static struct lock bounce_lock = {.rank = RANK_BOUNCE};
static struct buffer *free_buffers;

void *bounce_get(void)
{
    lock_take(&bounce_lock);
    struct buffer *buffer = free_buffers;
    if (buffer)
        free_buffers = buffer->next;
    lock_drop(&bounce_lock);
    return buffer ? buffer : prim_map(BOUNCE_BYTES);
}

void bounce_put(void *mem)
{
    struct buffer *buffer = mem;
    lock_take(&bounce_lock);
    buffer->next = free_buffers;
    free_buffers = buffer;
    lock_drop(&bounce_lock);
}

void bounce_fork_take(void)
{
    lock_take(&bounce_lock);
}

void bounce_fork_drop(void)
{
    lock_drop(&bounce_lock);
}
