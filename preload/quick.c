/* The quick way of large.c.  See quick.h. */
#include "quick.h"

#include "arena.h"
#include "arena_hot.h"
#include "life.h"
#include "policy/engine.h"
#include "policy/site.h"
#include "recent.h"
#include "self.h"

/* Nothing but pairs is going on. */
static int is_quiet(void)
{
    return LIKELY(!self.busy && life_is_on() && !life_is_forked());
}

/* A slot that is served at once, as it is but for what lies behind the block: that may have to go, by a system call. */
static struct block *served(struct block *block, uint32_t size_class)
{
    if (UNLIKELY(block->surplus_bytes || block->size_class != size_class)) {
        self_enter();
        arena_serves(block, size_class);
        self_leave();
    }
    return block;
}

struct block *quick_here(struct site *site, size_t size, uint32_t size_class)
{
    struct block *block = hot_here(size_class);
    return block && engine_again(block, site, size) ? served(block, size_class) : NULL;
}

static struct block *again(struct recent_stack *stack, size_t size)
{
    const uint32_t size_class = arena_class(size);
    struct block *last = stack->block, *here;
    if (last && last->size_class == size_class) {
        if (engine_again(last, stack->site, size))
            return served(last, size_class);
        if (engine_recycle_this(last, stack->site, size))
            return last;
    }
    if ((here = quick_here(stack->site, size, size_class)))
        return stack->block = here;
    return last && arena_fits(last, size_class) && engine_again(last, stack->site, size) ? served(last, size_class)
                                                                                         : NULL;
}

struct block *quick_alloc(size_t size, const struct caller *caller)
{
    if (!is_quiet() || !self.lane || size < life_min_size)
        return NULL;
    struct recent_stack *stack = recent_find(caller->slot, site_size_log2(size));
    return stack ? again(stack, size) : NULL;
}

int quick_free(struct block *block)
{
    return block_word(block) == (BLOCK_PLAIN | WORD_PLACED) && is_quiet() && arena_note_used(block) &&
           engine_leave_block(block);
}
