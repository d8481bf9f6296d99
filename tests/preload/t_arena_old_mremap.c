/* Linux before 6.17 unmaps the destination of an mremap() before it finds that it will not move what lies in several
 * mappings.  Blocks that are joined from smaller ones, and realloc(), stay whole. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t_malloc_help.h"

static atomic_int calls, refused, refuse_all;

/* In the place of libc's, for autopin. */
void *mremap(void *old, size_t had, size_t bytes, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    void *to = flags & MREMAP_FIXED ? va_arg(more, void *) : NULL;
    va_end(more);
    if (flags & MREMAP_FIXED && (atomic_fetch_add(&calls, 1) % 3 == 2 || refuse_all)) {
        atomic_fetch_add(&refused, 1);
        munmap(to, bytes);
        errno = EFAULT;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mremap, old, had, bytes, flags, to); /* NOLINT(performance-no-int-to-ptr) */
}

enum {
    BLOCKS = 8
};

/* Blocks of all sizes, so that larger ones are made of smaller ones. */
static void churn(unsigned rounds)
{
    char *block[BLOCKS] = {0};
    size_t bytes[BLOCKS] = {0};
    uint64_t random = 1;
    for (unsigned i = 0; i < rounds; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const unsigned at = (unsigned)(random >> 60) % BLOCKS;
        CHECK(!block[at] || pattern_holds(block[at], bytes[at], bytes[at], at), "block %u, round %u", at, i);
        free(block[at]);
        bytes[at] = MiB + (size_t)((random >> 20) % (12 * MiB));
        block[at] = opaque(i % 2 ? calloc(1, bytes[at]) : malloc(bytes[at]));
        CHECK(i % 2 == 0 || all_zero(block[at], bytes[at]), "round %u", i);
        pattern_put(block[at], bytes[at], at);
    }
    for (unsigned at = 0; at < BLOCKS; at++)
        free(block[at]);
}

static void grow(void)
{
    size_t bytes = 2 * MiB;
    char *block = opaque(malloc(bytes));
    pattern_put(block, bytes, 7);
    for (int i = 0; i < 6; i++) {
        block = opaque(realloc(block, 2 * bytes));
        CHECK(pattern_holds(block, bytes, bytes, 7), "%zu bytes", bytes);
        bytes *= 2;
        pattern_put(block, bytes, 7);
    }
    free(block);
}

int main(void)
{
    const char *preload = getenv("LD_PRELOAD");
    churn(400);
    CHECK(!preload || !*preload || refused > 0, "%d calls, none was refused", calls);
    grow();
    refuse_all = 1;
    grow();
    churn(100);
    return check_result();
}
