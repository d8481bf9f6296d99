/* What autopin brings into a process, and when: nothing before the first large allocation, nothing at all when it is
 * disabled (rule 37); with it, untouched memory stays unbacked and freed memory goes back.
 *
 *   t_arena_present on|off */
#include "t_malloc_help.h"

static int maps_hold(const char *name)
{
    char line[512];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        found |= strstr(line, name) != NULL;
    if (maps)
        fclose(maps);
    return found;
}

static long kib(const char *key)
{
    return proc_number("/proc/self/status", key);
}

static void expect_absent(const char *when)
{
    CHECK(kib("VmSize:") < (long)(GiB / KiB), "%s: %ld KiB are mapped", when, kib("VmSize:"));
    CHECK(kib("Threads:") == 1, "%s: %ld threads", when, kib("Threads:"));
    CHECK(!maps_hold("libunwind"), "%s: libunwind is loaded", when);
    CHECK(vm_lck() == 0, "%s: %ld bytes are locked", when, vm_lck());
}

static void resident(void)
{
    const long before = kib("VmRSS:");
    char *ptr = malloc(GiB / 2);
    CHECK(kib("VmRSS:") - before < 4096, "512 MiB never touched take %ld KiB", kib("VmRSS:") - before);
    memset(ptr, 1, 64 * MiB);
    CHECK(kib("VmRSS:") - before < 70 * 1024, "64 MiB touched take %ld KiB", kib("VmRSS:") - before);
    free(ptr);
    CHECK(kib("VmRSS:") - before < 4096, "%ld KiB are left of what was freed", kib("VmRSS:") - before);
    ptr = calloc(1, GiB / 2);
    CHECK(kib("VmRSS:") - before < 4096, "512 MiB of zeros take %ld KiB", kib("VmRSS:") - before);
    free(ptr);
    for (int i = 0; i < 20; i++) { /* each of another size, and freed: what is kept stays bounded */
        ptr = malloc((20 + (size_t)i) * MiB);
        memset(ptr, 1, (20 + (size_t)i) * MiB);
        free(ptr);
    }
    CHECK(kib("VmRSS:") - before < 70 * 1024, "%ld KiB are kept of 20 blocks", kib("VmRSS:") - before);
}

int main(int argc, char **argv)
{
    const int on = argc > 1 && strcmp(argv[1], "on") == 0;
    for (int i = 0; i < 10000; i++)
        free(opaque(malloc((size_t)i * 6)));
    expect_absent("before the first large allocation");
    for (int i = 0; i < 10; i++)
        free(memset(malloc(4 * MiB), i, 4 * MiB));
    if (!on)
        expect_absent("after large allocations");
    else
        CHECK(kib("VmSize:") > (long)(GiB / KiB), "no address range is reserved: this run proves less than it says");
    resident();
    return check_result();
}
