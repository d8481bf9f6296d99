/* A program that switches stacks, with unwind tables that lead from one to the other, and unmaps one of them: what
 * autopin remembers of call stacks is never looked up on a stack that is gone (rule 35).
 *
 * build: preload/on_stack.S
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "t_malloc_help.h"

void on_stack(void (*body)(void *), void *arg, void *top) __attribute__((visibility("hidden")));

enum {
    STACK = 256 << 10,
    TIMES = 40 /* often enough to be remembered */
};
static char *inner_stack;

static void leaf(void *unused)
{
    (void)unused;
    for (int i = 0; i < TIMES; i++) {
        char *ptr = opaque(malloc(3 * MiB));
        ptr[i] = 1;
        free(ptr);
    }
}

static void middle(void *unused)
{
    on_stack(leaf, unused, inner_stack + STACK);
    __asm__ volatile("");
}

static char *map_stack(void)
{
    char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(stack != MAP_FAILED, "no stack");
    return stack;
}

int main(void)
{
    inner_stack = map_stack();
    for (int round = 0; round < 3 && !check_failures; round++) {
        char *outer = map_stack(), *filler;
        on_stack(middle, NULL, outer + STACK);
        munmap(outer, STACK);
        filler = mmap(outer, STACK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        CHECK(filler == outer, "the old place");
    }
    leaf(NULL);
    return check_result();
}
