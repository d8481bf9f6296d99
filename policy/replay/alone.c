/* policy/prim.h as far as it is about others, for programs where there is nobody: one thread, no arena, no other
 * process. Callers: the replay, and the autopin command. */
#include "policy/pressure.h"
#include "policy/prim.h"

struct tally *prim_tally(void)
{
    return NULL;
}

struct tally *prim_tally_at(unsigned number)
{
    (void)number;
    return NULL;
}

void *prim_node_map(size_t bytes)
{
    (void)bytes;
    return NULL;
}

uint64_t prim_process(void)
{
    return 1;
}

int prim_process_lives(uint64_t name)
{
    (void)name;
    return 0;
}

void prim_wait(_Atomic uint32_t *word, uint32_t seen)
{
    (void)word, (void)seen;
}

void prim_wake(_Atomic uint32_t *word)
{
    (void)word;
}

void prim_memory_look(struct pressure_seen *seen)
{
    *seen = (struct pressure_seen){UINT64_MAX, UINT64_MAX, UINT64_MAX};
}

void prim_trim(uint64_t bytes)
{
    (void)bytes;
}

void prim_shed_slots(uint64_t bytes)
{
    (void)bytes;
}

int prim_keeps(const struct block *block)
{
    (void)block;
    return 0;
}

void prim_each_block(void (*act)(struct block *block))
{
    (void)act;
}
