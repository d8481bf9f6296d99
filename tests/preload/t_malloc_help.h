/* What the tests of allocation and of a process's life share: checks that say where, patterns, figures of the kernel.
 *
 * Owns no state but the count of failed checks.  Nothing here allocates. */
#ifndef T_MALLOC_HELP_H
#define T_MALLOC_HELP_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KiB ((size_t)1 << 10)
#define MiB ((size_t)1 << 20)
#define GiB ((size_t)1 << 30)

static _Atomic int check_failures;

#define CHECK(condition, ...)                                                                                          \
    do {                                                                                                               \
        if (!(condition) && check_failures++ < 20) {                                                                   \
            dprintf(2, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                                                 \
            dprintf(2, __VA_ARGS__);                                                                                   \
            dprintf(2, "\n");                                                                                          \
        }                                                                                                              \
    } while (0)

/* For main's return. */
static inline int check_result(void)
{
    return check_failures ? 1 : 0;
}

static inline double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline void sleep_ms(long ms)
{
    const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&wait, NULL);
}

/* The compiler must not know what it is, nor what becomes of it. */
static inline void *opaque(void *ptr)
{
    __asm__ volatile("" : "+r"(ptr) : : "memory");
    return ptr;
}

/* A number behind a key of a file in /proc, or -1.  Calls no allocator. */
static inline long proc_number(const char *path, const char *key)
{
    char text[8192];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return -1;
    text[got] = 0;
    const char *at = strstr(text, key);
    return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* The kernel's count of this process's locked memory.  Units: bytes; negative when it has none. */
static inline long vm_lck(void)
{
    return proc_number("/proc/self/status", "VmLck:") * 1024;
}

/* Waits until VmLck is in [least, most], for at most half a minute; returns what it is then. */
static inline long vm_lck_becomes(long least, long most)
{
    const double end = now_s() + 30;
    long locked;
    while (((locked = vm_lck()) < least || locked > most) && now_s() < end)
        sleep_ms(5);
    return locked;
}

/* A pattern over all of a block: a word in every 4 KiB, and its last bytes. */
static inline void pattern_put(void *ptr, size_t bytes, uint64_t seed)
{
    char *base = ptr;
    for (size_t at = 0; at + 8 <= bytes; at += 4096) {
        const uint64_t word = seed + at;
        memcpy(base + at, &word, 8);
    }
    if (bytes)
        base[bytes - 1] = (char)seed;
}

/* Whether the first `bytes` of what pattern_put() wrote over `whole` are there. */
static inline int pattern_holds(const void *ptr, size_t bytes, size_t whole, uint64_t seed)
{
    const char *base = ptr;
    for (size_t at = 0; at + 8 <= bytes; at += 4096) {
        uint64_t word;
        memcpy(&word, base + at, 8);
        /* the last byte may lie in the word */
        if (whole - at <= 8 ? memcmp(base + at, &(uint64_t){seed + at}, 7) != 0 : word != seed + at)
            return 0;
    }
    return bytes < whole || whole == 0 || base[whole - 1] == (char)seed;
}

static inline int all_zero(const void *ptr, size_t bytes)
{
    const char *base = ptr;
    return bytes == 0 || (base[0] == 0 && memcmp(base, base + 1, bytes - 1) == 0);
}

/* xorshift64*: threads have one each. */
static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1Dull;
}

/* A site known to be hot is locked, and there is a worker. */
static inline void lock_blocks(void)
{
    enum {
        BLOCKS = 4
    };
    char *blocks[BLOCKS];
    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < BLOCKS; i++)
            blocks[i] = memset(malloc(8 * MiB), i, 8 * MiB);
        for (int i = 0; i < BLOCKS; i++)
            free(blocks[i]);
    }
}

#endif
