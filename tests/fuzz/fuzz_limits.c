/* What the kernel says of memory.  Input: /proc/meminfo, /proc/self/cgroup, /proc/pressure/memory, then any other file
 * that is asked for, each with a NUL; one that begins with '!' cannot be read.
 *
 * fuzz: -max_len=3000 */
#include "policy/limits.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILES = 16,
    NAMED = 3,
    READS_MOST = 1 << 16 /* 8 KiB of folders, four files in each, two mounts */
};

static struct {
    char *text;
    size_t len;
} file[FILES];
static unsigned n_files, n_reads;

static unsigned number_of(const char *path)
{
    static const char *const named[NAMED] = {"/proc/meminfo", "/proc/self/cgroup", "/proc/pressure/memory"};
    for (unsigned i = 0; i < NAMED; i++)
        if (strcmp(path, named[i]) == 0)
            return i;
    return n_files > NAMED ? NAMED + n_reads % (n_files - NAMED) : FILES;
}

static int read_file(const char *path, char *buf, size_t cap, size_t *len)
{
    const unsigned i = number_of(path);
    FUZZ_EXPECT(++n_reads < READS_MOST, "%u reads", n_reads);
    *len = 0;
    if (i >= n_files)
        return -ENOENT;
    if (file[i].text[0] == '!')
        return -EIO;
    *len = file[i].len < cap ? file[i].len : cap;
    memcpy(buf, file[i].text, *len);
    return file[i].len > cap ? -EFBIG : 0;
}

/* The first line of meminfo, when it says how much RAM there is; else 0. */
static uint64_t first_kib(void)
{
    static const char key[] = "MemTotal:";
    if (!n_files || strncmp(file[0].text, key, sizeof key - 1) != 0 || file[0].len > 8000)
        return 0;
    const char *at = file[0].text + sizeof key - 1;
    at += strspn(at, " ");
    return *at >= '0' && *at <= '9' ? strtoull(at, NULL, 10) : 0;
}

/* Whether tasks have waited is told by a line of some file. */
static void expect_waiting(uint64_t figure, const char *line)
{
    int told = 0;
    for (unsigned i = 0; i < n_files; i++)
        told |= i != 0 && i != 1 && file[i].text[0] != '!' && strstr(file[i].text, line) != NULL;
    FUZZ_EXPECT(told || figure == UINT64_MAX, "%s%llu", line, (unsigned long long)figure);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, data + size};
    struct limits limits;
    n_files = n_reads = 0;
    while (n_files < FILES && (file[n_files].text = fuzz_text(&input, 0, &file[n_files].len)))
        n_files++;
    FUZZ_EXPECT(limits_read(&limits, read_file) == 0, "no memory");
    expect_waiting(limits.some, "some avg10=");
    expect_waiting(limits.full, "full avg10=");
    FUZZ_EXPECT(limits.room_bytes <= limits.group_bytes, "more room than there is");
    FUZZ_EXPECT(limits.ram_bytes >= first_kib(), "%llu bytes of RAM, and not %llu KiB",
                (unsigned long long)limits.ram_bytes, (unsigned long long)first_kib());
    while (n_files)
        free(file[--n_files].text);
    return 0;
}
