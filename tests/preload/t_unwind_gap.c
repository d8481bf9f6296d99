/* A program whose segments have a gap between them, as node's have: the loader then knows each segment by itself, and
 * the start of one is not the start of the file.  Large allocations from code beyond the gap work.
 *
 * build: -Wl,--section-start=.far=0x10000000
 */
#include "t_malloc_help.h"

/* Something that is no ELF header at the start of that segment. */
__asm__(".section .far,\"ax\",@progbits\n.fill 4096,1,0xcc\n.previous");

__attribute__((section(".far"), noinline)) static int work(void)
{
    char *ptr = malloc(64 * MiB);
    CHECK(ptr, "64 MiB");
    pattern_put(ptr, 64 * MiB, 1);
    CHECK(pattern_holds(ptr, 64 * MiB, 64 * MiB, 1), "other bytes");
    free(ptr);
    return check_result();
}

int main(void)
{
    return work();
}
