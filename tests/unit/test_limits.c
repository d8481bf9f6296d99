/* Tests of policy/limits.c: what the kernel's files say about memory, from files that are invented. */
#include "policy/limits.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>
#include <string.h>

static void put(const char *path, const char *text)
{
    fake_set_file(path, text, strlen(text), 0);
}

static void put_memory(void)
{
    put("/proc/meminfo", "MemTotal:       1024 kB\nMemFree: 9 kB\nMemAvailable:  512 kB\n");
    put("/proc/pressure/memory", "some avg10=12.50 avg60=0.00\n");
}

static struct limits look(void)
{
    struct limits limits;
    cr_expect_eq(limits_read(&limits, fake_source.read_file), 0);
    cr_expect_eq(fake.mapped_bytes, 0);
    return limits;
}

Test(limits, nothing_is_known, .init = fake_reset)
{
    const struct limits limits = look();
    cr_expect_eq(limits.ram_bytes, UINT64_MAX);
    cr_expect_eq(limits.available_bytes, UINT64_MAX);
    cr_expect_eq(limits.group_bytes, UINT64_MAX);
    cr_expect_eq(limits.room_bytes, UINT64_MAX);
    cr_expect_eq(limits.waiting_percent, UINT64_MAX);
}

Test(limits, the_machine, .init = fake_reset)
{
    put_memory();
    const struct limits limits = look();
    cr_expect_eq(limits.ram_bytes, 1 << 20);
    cr_expect_eq(limits.available_bytes, 1 << 19);
    cr_expect_eq(limits.waiting_percent, 12);
    cr_expect_eq(limits.group_bytes, UINT64_MAX);
}

Test(limits, a_group_above_may_be_narrower, .init = fake_reset)
{
    put_memory();
    put("/proc/self/cgroup", "0::/job/rank\n");
    put("/sys/fs/cgroup/job/rank/memory.max", "max\n");
    put("/sys/fs/cgroup/job/rank/memory.current", "10\n");
    put("/sys/fs/cgroup/job/memory.max", "1000\n");
    put("/sys/fs/cgroup/job/memory.current", "400\n");
    put("/sys/fs/cgroup/job/memory.stat", "anon 1\ninactive_file 100\n");
    const struct limits limits = look();
    cr_expect_eq(limits.group_bytes, 1000);
    cr_expect_eq(limits.room_bytes, 700);
}

Test(limits, groups_of_the_first_version, .init = fake_reset)
{
    put("/proc/self/cgroup", "7:memory:/job\n5:cpu:/other\n");
    put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "1\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "5000\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "6000\n");
    put("/sys/fs/cgroup/memory/memory.stat", "inactive_file 500\ntotal_inactive_file 500\n");
    const struct limits limits = look();
    cr_expect_eq(limits.group_bytes, 5000);
    cr_expect_eq(limits.room_bytes, 0);
}

Test(limits, no_memory_to_look, .init = fake_reset)
{
    struct limits limits;
    put_memory();
    fake.map_fails = 1;
    cr_expect_lt(limits_read(&limits, fake_source.read_file), 0);
    cr_expect_eq(limits.ram_bytes, UINT64_MAX);
}
