/* A program that limits its own address space while it runs gets all of what it leaves itself: what autopin has only
 * reserved is given up first, and large blocks are still served or refused as they would be (rule 46). */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/resource.h>

#include "t_malloc_help.h"

static size_t address_space(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    CHECK(file && fscanf(file, "%zu", &pages) == 1, "no /proc/self/statm");
    if (file)
        fclose(file);
    return pages * 4096;
}

int main(void)
{
    char *first = malloc(64 * MiB);
    pattern_put(first, 64 * MiB, 1);
    const struct rlimit limit = {1024 * MiB, 1024 * MiB};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0, "the limit cannot be set");
    CHECK(address_space() < 512 * MiB, "%zu bytes are taken after one block of 64 MiB", address_space());
    char *second = malloc(300 * MiB);
    CHECK(second, "300 MiB of 1 GiB");
    pattern_put(second, 300 * MiB, 2);
    void *mapped = mmap(NULL, 200 * MiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mapped != MAP_FAILED, "200 MiB of 1 GiB by mmap");
    CHECK(!opaque(malloc(1000 * MiB)), "1000 MiB where there are not that many");
    CHECK(pattern_holds(first, 64 * MiB, 64 * MiB, 1) && pattern_holds(second, 300 * MiB, 300 * MiB, 2), "other bytes");
    free(second);
    free(first);
    second = malloc(350 * MiB);
    CHECK(second, "350 MiB after everything was freed");
    free(second);
    return check_result();
}
