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
    put("/proc/pressure/memory", "some avg10=12.50 avg60=0.00 total=9\nfull avg10=0.07 avg60=9.00 total=9\n");
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
    cr_expect_eq(limits.some, UINT64_MAX);
    cr_expect_eq(limits.full, UINT64_MAX);
}

Test(limits, the_machine, .init = fake_reset)
{
    put_memory();
    const struct limits limits = look();
    cr_expect_eq(limits.ram_bytes, 1 << 20);
    cr_expect_eq(limits.available_bytes, 1 << 19);
    cr_expect_eq(limits.some, 1250);
    cr_expect_eq(limits.full, 7);
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

Test(limits, nobody_says_how_much_is_used, .init = fake_reset)
{
    put_memory();
    put("/proc/self/cgroup", "0::/job\n");
    put("/sys/fs/cgroup/job/memory.max", "1000\n");
    const struct limits limits = look();
    cr_expect_eq(limits.group_bytes, 1000);
    cr_expect_eq(limits.room_bytes, 1000, "no more than that, at any rate");
}

/* The worst of the machine and of the groups counts; v1 has no such file. */
Test(limits, pressure_in_a_group, .init = fake_reset)
{
    put_memory();
    put("/proc/self/cgroup", "3:memory:/old\n0::/job/rank\n");
    put("/sys/fs/cgroup/memory/old/memory.pressure", "some avg10=99.00\n");
    put("/sys/fs/cgroup/job/rank/memory.pressure", "some avg10=3.00 avg60=0.00\nfull avg10=2.5 avg60=0.00\n");
    put("/sys/fs/cgroup/job/memory.pressure", "some avg10=40.05 avg60=0.00\nfull avg10=junk\n");
    const struct limits limits = look();
    cr_expect_eq(limits.some, 4005);
    cr_expect_eq(limits.full, 250);
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

/* As a process looks that starts: no more is read than that takes. */
Test(limits, only_the_limits, .init = fake_reset)
{
    struct limits limits;
    put_memory();
    put("/proc/self/cgroup", "3:memory:/old\n0::/job\n");
    put("/sys/fs/cgroup/job/memory.max", "1000\n");
    put("/sys/fs/cgroup/job/memory.current", "400\n");
    put("/sys/fs/cgroup/job/memory.pressure", "some avg10=40.05 avg60=0.00\n");
    put("/sys/fs/cgroup/memory/old/memory.limit_in_bytes", "900\n");
    cr_expect_eq(limits_read_most(&limits, fake_source.read_file), 0);
    cr_expect_eq(fake.mapped_bytes, 0);
    cr_expect_eq(limits.ram_bytes, 1 << 20);
    cr_expect_eq(limits.group_bytes, 900, "where nobody says how much of it is used");
    cr_expect_eq(limits.room_bytes, UINT64_MAX);
    cr_expect_eq(limits.some, UINT64_MAX);
}

/* As the worker looks: no memory is asked for. */
Test(limits, in_room_that_is_there, .init = fake_reset)
{
    static struct limits_room room;
    struct limits limits;
    put_memory();
    fake.map_fails = 1;
    limits_read_in(&room, &limits, fake_source.read_file);
    cr_expect_eq(limits.available_bytes, 1 << 19);
    cr_expect_eq(limits.some, 1250);
}

Test(limits, no_memory_to_look, .init = fake_reset)
{
    struct limits limits;
    put_memory();
    fake.map_fails = 1;
    cr_expect_lt(limits_read(&limits, fake_source.read_file), 0);
    cr_expect_eq(limits.ram_bytes, UINT64_MAX);
}
