/* One thread moving one piece.  See stage_move.h. */
#define _GNU_SOURCE
#include "stage_move.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22 /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

enum {
    PAGES_MOST = 128 /* asked about at once: a piece and its ends, in pages of 4 KiB */
};

static _Atomic int distrust;

void stage_distrust(void)
{
    atomic_store_explicit(&distrust, 1, memory_order_relaxed);
}

static uintptr_t page_bytes(void)
{
    static _Atomic uintptr_t known;
    uintptr_t bytes = atomic_load_explicit(&known, memory_order_relaxed);
    if (!bytes) {
        bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
        atomic_store_explicit(&known, bytes, memory_order_relaxed);
    }
    return bytes;
}

/* Faults pages in as a read or a write would.  Errors: -EFAULT, also from kernels that cannot. */
static int populate(enum direction dir, uintptr_t first, size_t bytes)
{
    int rc;
    do
        rc = madvise((void *)first, bytes, dir == DIR_H2D ? MADV_POPULATE_READ : MADV_POPULATE_WRITE); /* NOLINT */
    while (rc && errno == EINTR);
    return rc ? -EFAULT : 0;
}

/* mincore() tells what is resident for a fiftieth of the price of populating it. */
static int is_resident(uintptr_t first, size_t bytes)
{
    unsigned char pages[PAGES_MOST];
    const size_t n = bytes / page_bytes();
    if (n > PAGES_MOST || mincore((void *)first, bytes, pages)) /* NOLINT(performance-no-int-to-ptr) */
        return 0;
    for (size_t i = 0; i < n; i++)
        if (!(pages[i] & 1))
            return 0;
    return 1;
}

static int make_ready(enum direction dir, const char *host, size_t bytes)
{
    const uintptr_t mask = page_bytes() - 1, first = (uintptr_t)host & ~mask;
    const size_t whole = (((uintptr_t)host + bytes + mask) & ~mask) - first;
    if (!atomic_load_explicit(&distrust, memory_order_relaxed) && is_resident(first, whole))
        return 0;
    return populate(dir, first, whole);
}

int stage_is_usable(enum direction dir, char *host, size_t bytes)
{
    const uintptr_t page = page_bytes(), first = (uintptr_t)host & ~(page - 1),
                    last = ((uintptr_t)host + bytes - 1) & ~(page - 1);
    return populate(dir, first, page) == 0 && populate(dir, last, page) == 0;
}

#if defined(__x86_64__)
enum {
    LINE = 64,
    AHEAD = 512 /* bytes to prefetch before they are read */
};

/* Stores that go past the caches: neither the device nor the program reads the copy from this core's. */
__attribute__((target("avx2"))) static void stream_avx2(char *to, const char *from, size_t lines)
{
    for (size_t i = 0; i < lines; i++, to += LINE, from += LINE) {
        __builtin_prefetch(from + AHEAD, 0, 0);
        const __m256i low = _mm256_loadu_si256((const __m256i *)from);
        const __m256i high = _mm256_loadu_si256((const __m256i *)(from + 32));
        _mm256_stream_si256((__m256i *)to, low);
        _mm256_stream_si256((__m256i *)(to + 32), high);
    }
}

static void stream_sse2(char *to, const char *from, size_t lines)
{
    for (size_t i = 0; i < lines; i++, to += LINE, from += LINE) {
        __builtin_prefetch(from + AHEAD, 0, 0);
        for (int at = 0; at < LINE; at += 16)
            _mm_stream_si128((__m128i *)(to + at), _mm_loadu_si128((const __m128i *)(from + at)));
    }
}

/* Asked here and not of libgcc's __builtin_cpu_supports(), which has every process ask at its start: in a virtual
 * machine that takes 70 us. */
static int cpu_has_avx2(void)
{
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
        return 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
    return (low & 6) == 6 /* the system saves these registers */ && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
           (b & bit_AVX2);
}

static void stream(char *to, const char *from, size_t lines)
{
    static _Atomic int avx2; /* 1: no, 2: yes */
    int has = atomic_load_explicit(&avx2, memory_order_relaxed);
    if (!has) {
        has = cpu_has_avx2() ? 2 : 1;
        atomic_store_explicit(&avx2, has, memory_order_relaxed);
    }
    if (has == 2)
        stream_avx2(to, from, lines);
    else
        stream_sse2(to, from, lines);
    _mm_sfence(); /* before the driver is told, or the program reads */
}

static void move(char *to, const char *from, size_t bytes)
{
    const size_t odd = -(uintptr_t)to & (LINE - 1), head = odd < bytes ? odd : bytes;
    const size_t lines = (bytes - head) / LINE, done = head + lines * LINE;
    memcpy(to, from, head);
    stream(to + head, from + head, lines);
    memcpy(to + done, from + done, bytes - done);
}
#else
static void move(char *to, const char *from, size_t bytes)
{
    memcpy(to, from, bytes);
    atomic_thread_fence(memory_order_seq_cst);
}
#endif

int stage_move(enum direction dir, char *slot, char *host, size_t bytes)
{
    if (make_ready(dir, host, bytes))
        return -EFAULT;
    if (dir == DIR_H2D)
        move(slot, host, bytes);
    else
        move(host, slot, bytes);
    return 0;
}
