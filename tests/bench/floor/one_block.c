/* Preloaded: what an allocator whose blocks begin at a page, as pinned ones must, can do at best.  A large block is
 * ever the same one of the calling thread; there is no bookkeeping at all, and it is good for nothing but loops in
 * which one such block lives at a time. */
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>

extern void *__libc_malloc(size_t bytes); /* NOLINT(bugprone-reserved-identifier): glibc's own */
extern void __libc_free(void *ptr);       /* NOLINT(bugprone-reserved-identifier) */

static __thread char *block;
static __thread size_t block_bytes;

static int map(size_t bytes)
{
    char *more = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (more == MAP_FAILED)
        return -1;
    if (block)
        munmap(block, block_bytes);
    block = more;
    block_bytes = bytes;
    return 0;
}

__attribute__((visibility("default"))) void *malloc(size_t bytes)
{
    if (bytes < (size_t)1 << 20)
        return __libc_malloc(bytes);
    return bytes <= block_bytes || map(bytes) == 0 ? block : NULL;
}

__attribute__((visibility("default"))) void free(void *ptr)
{
    if (!ptr || ptr != block)
        __libc_free(ptr);
}
