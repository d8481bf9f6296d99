/* Tests of policy/mem.c: private memory that never comes from malloc. */
#include "policy/mem.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

TestSuite(mem, .init = fake_reset);

static int is_zero(const char *mem, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (mem[i])
            return 0;
    return 1;
}

Test(mem, zeroed_aligned_and_apart)
{
    static const size_t sizes[] = {0, 1, 31, 32, 33, 100, 4096, 32768, 32769, 1 << 20};
    char *mem[10];
    for (int i = 0; i < 10; i++) {
        mem[i] = mem_get(sizes[i]);
        cr_assert_not_null(mem[i]);
        cr_expect_eq((uintptr_t)mem[i] % 16, 0);
        cr_expect(is_zero(mem[i], sizes[i]), "%zu bytes are not zero", sizes[i]);
        memset(mem[i], i + 1, sizes[i]);
    }
    for (int i = 0; i < 10; i++)
        for (size_t at = 0; at < sizes[i]; at++)
            cr_assert_eq(mem[i][at], i + 1, "piece %d was overwritten at %zu", i, at);
}

Test(mem, reused_and_zeroed_again)
{
    char *first = mem_get(100);
    memset(first, 1, 100);
    mem_put(first, 100);
    const uint64_t mapped = fake.mapped_bytes;
    char *again = mem_get(128);
    cr_expect_eq(again, first, "a piece of the same class was not reused");
    cr_expect(is_zero(again, 128));
    for (int i = 0; i < 100000; i++)
        mem_put(mem_get(5000), 5000);
    cr_expect_leq(fake.mapped_bytes, mapped + (1 << 18), "memory given back is not used again");
}

Test(mem, large_pieces_go_back_to_the_system)
{
    const uint64_t before = fake.mapped_bytes;
    void *mem = mem_get(1 << 20);
    cr_expect_eq(fake.mapped_bytes, before + (1 << 20));
    mem_put(mem, 1 << 20);
    cr_expect_eq(fake.mapped_bytes, before);
}

Test(mem, rule_35_shortage_is_not_fatal)
{
    fake.map_fails = 1;
    cr_expect_null(mem_get(64));
    cr_expect_null(mem_get(1 << 20));
    cr_expect_str_eq(mem_string("libc.so.6"), "");
    mem_put(NULL, 64);
    mem_put(NULL, 1 << 20);
    fake.map_fails = 0;
    cr_expect_not_null(mem_get(64));
}

Test(mem, strings)
{
    char text[] = "libc.so.6";
    const char *copy = mem_string(text);
    text[0] = 'X';
    cr_expect_str_eq(copy, "libc.so.6");
    cr_expect_str_eq(mem_string(""), "");
}

enum {
    THREADS = 8
};

static void *get_and_put(void *arg)
{
    const char mark = (char)(uintptr_t)arg;
    uintptr_t bad = 0;
    for (unsigned i = 0; i < 20000; i++) {
        const size_t bytes = 1 + i * 37 % 3000;
        char *mem = mem_get(bytes);
        bad += !is_zero(mem, bytes);
        memset(mem, mark, bytes);
        bad += mem[0] != mark || mem[bytes - 1] != mark;
        mem_put(mem, bytes);
    }
    return (void *)bad; /* NOLINT(performance-no-int-to-ptr) */
}

Test(mem, threads, .timeout = 60)
{
    pthread_t thread[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, get_and_put, (void *)(i + 1));
    for (int i = 0; i < THREADS; i++) {
        void *bad;
        pthread_join(thread[i], &bad);
        cr_expect_null(bad, "thread %d met memory of others", i);
    }
}
