/* See node_fixture.h. */
#define _GNU_SOURCE
#include "tests/unit/node_fixture.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>
#include <sys/mman.h>
#include <unistd.h>

struct world *world;
int world_fd = -1;
uint64_t own_name = ME;
unsigned asked;

void *prim_node_map(size_t bytes)
{
    cr_expect_eq(bytes, sizeof world->table);
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, world_fd, 0);
    return mem == MAP_FAILED ? NULL : mem;
}

uint64_t prim_process(void)
{
    return own_name;
}

int prim_process_lives(uint64_t process)
{
    asked++;
    for (int i = 0; i <= PROCESSES; i++)
        if (world->lives[i] == process)
            return 1;
    return 0;
}

void world_bring(void)
{
    fake_reset();
    world_fd = memfd_create("world", MFD_CLOEXEC);
    cr_assert_eq(ftruncate(world_fd, sizeof *world), 0);
    world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED, world_fd, 0);
    cr_assert_neq(world, MAP_FAILED);
    for (unsigned i = 0; i <= PROCESSES; i++)
        world->lives[i] = ME + i;
}

uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
