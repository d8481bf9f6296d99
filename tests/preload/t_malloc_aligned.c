/* Alignments of 16 bytes to 4 MiB, small and large blocks, fresh and recycled: aligned, writable, apart from each
 * other. */
#include <malloc.h>

#include "t_malloc_help.h"

enum {
    LIVE = 6
};
static char *live[LIVE];
static size_t live_bytes[LIVE];
static uint64_t turn;

/* Puts a block among the living, and checks the one that makes room. */
static void enter(char *ptr, size_t bytes)
{
    const int at = (int)(turn % LIVE);
    if (live[at])
        CHECK(pattern_holds(live[at], live_bytes[at], live_bytes[at], turn - LIVE),
              "a block of %zu bytes was overwritten", live_bytes[at]);
    free(live[at]);
    live[at] = ptr;
    live_bytes[at] = bytes;
    if (ptr)
        pattern_put(ptr, bytes, turn);
    turn++;
}

static void expect(void *ptr, size_t align, size_t bytes, const char *what)
{
    CHECK(ptr && (uintptr_t)ptr % align == 0, "%s of %zu bytes aligned to %zu: %p", what, bytes, align, ptr);
    CHECK(malloc_usable_size(ptr) >= bytes, "%s of %zu bytes: %zu usable", what, bytes, malloc_usable_size(ptr));
    enter(ptr, bytes);
}

static void one(size_t align, size_t bytes)
{
    void *ptr = NULL;
    const int rc = posix_memalign(&ptr, align, bytes);
    CHECK(rc == 0, "posix_memalign: %d", rc);
    expect(ptr, align, bytes, "posix_memalign");
    expect(memalign(align, bytes), align, bytes, "memalign");
    expect(aligned_alloc(align, bytes), align, bytes, "aligned_alloc");
    expect(valloc(bytes), 4096, bytes, "valloc");
    expect(pvalloc(bytes), 4096, bytes, "pvalloc");
    expect(malloc(bytes), _Alignof(max_align_t), bytes, "malloc");
}

int main(void)
{
    static const size_t sizes[] = {24, 5000, 100000, MiB - 1, MiB, MiB + MiB / 16, 3 * MiB + 5, 8 * MiB, 17 * MiB};
    for (int round = 0; round < 2; round++)
        for (size_t align = 16; align <= 4 * MiB; align *= 4)
            for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
                one(align, sizes[i]);
    return check_result();
}
