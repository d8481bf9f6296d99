/* Rule 35: malloc and free that succeed leave errno as it was, also where something fails inside them: here the arena
 * can grow no more, and the next allocator serves the block. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    BLOCKS = 40,
    LARGE = 1 << 20,
    MISSING = 128 << 20
};

static int failures;

static void check(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "%s: errno is %d\n", what, errno);
    failures++;
}

static rlim_t address_space(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%lu", &pages) != 1)
        abort();
    fclose(file);
    return (rlim_t)pages * 4096;
}

static void *allocate(const char *what)
{
    errno = 1234;
    void *block = malloc(LARGE);
    check(block && errno == 1234, what);
    memset(block, 1, LARGE);
    return block;
}

int main(void)
{
    void *block[BLOCKS];
    block[0] = allocate("the first malloc");
    const rlim_t now = address_space();
    /* The arena gives its reservation up then, and cannot have it back: this much is missing. */
    const struct rlimit tight = {now - MISSING, now - MISSING};
    if (setrlimit(RLIMIT_AS, &tight))
        return 1;
    for (int i = 1; i < BLOCKS; i++)
        block[i] = allocate("malloc without room to grow");
    for (int i = 0; i < BLOCKS; i++) {
        errno = 1234;
        free(block[i]);
        check(errno == 1234, "free");
    }
    return failures != 0;
}
