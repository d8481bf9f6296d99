/* Memory limits and pressure.  See memory.h.  Formats: Linux Documentation/admin-guide/cgroup-v1/memory.rst,
 * cgroup-v2.rst and accounting/psi.rst. */
#define _GNU_SOURCE
#include "memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "policy/prim.h"
#include "system.h"

enum {
    PATH_MOST = 512,
    TEXT_MOST = 8192,
    SHORT_PERCENT = 10
};

/* One kind of cgroup hierarchy: where it is mounted, and what its files are called. */
struct hierarchy {
    const char *mount, *limit, *usage, *reclaimable;
};
static const struct hierarchy v1 = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                                    "total_inactive_file "};
static const struct hierarchy v2 = {"/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file "};
static const struct hierarchy v2_beside_v1 = {"/sys/fs/cgroup/unified", "memory.max", "memory.current",
                                              "inactive_file "};

static int read_text(const char *path, char *text)
{
    size_t len;
    const int rc = system_read_file(path, text, TEXT_MOST - 1, &len);
    text[len] = 0;
    return rc;
}

/* The number behind a key (at the beginning of a line; "" = of the file).  UINT64_MAX when it is not there. */
static uint64_t number(const char *text, const char *key)
{
    const char *at = text;
    while (at && strncmp(at, key, strlen(key)) != 0)
        at = (at = strchr(at, '\n')) ? at + 1 : NULL;
    at = at ? at + strlen(key) : NULL;
    while (at && *at == ' ')
        at++;
    return at && *at >= '0' && *at <= '9' ? strtoull(at, NULL, 10) : UINT64_MAX;
}

static uint64_t file_number(const char *folder, const char *file, const char *key, char *text)
{
    char path[PATH_MOST];
    if (snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path || read_text(path, text))
        return UINT64_MAX;
    return number(text, key);
}

static void least(uint64_t *value, uint64_t other)
{
    if (other < *value)
        *value = other;
}

/* One group and all above it, up to the mount. */
static void walk_up(const struct hierarchy *kind, const char *group, uint64_t *limit, uint64_t *room, char *text)
{
    char folder[PATH_MOST];
    const size_t root = strlen(kind->mount);
    if (snprintf(folder, sizeof folder, "%s%s", kind->mount, group) >= (int)sizeof folder)
        return;
    for (;;) {
        const uint64_t most = file_number(folder, kind->limit, "", text);
        const uint64_t used = file_number(folder, kind->usage, "", text);
        if (most < UINT64_MAX / 4 && used != UINT64_MAX) { /* v1 says "no limit" by a very large one */
            const uint64_t stale = file_number(folder, "memory.stat", kind->reclaimable, text);
            const uint64_t busy = stale < used ? used - stale : 0;
            least(limit, most);
            least(room, most > busy ? most - busy : 0);
        }
        char *slash = strrchr(folder, '/');
        if (!slash || slash < folder + root)
            return;
        *slash = 0;
    }
}

/* Buffers for one look at the files: not on the stack, which may be a thread's last few KiB. */
struct scratch {
    char list[TEXT_MOST], text[TEXT_MOST];
};

/* Every memory cgroup of this process: lines "ID:CONTROLLERS:PATH", CONTROLLERS empty for v2. */
static void cgroups(uint64_t *limit, uint64_t *room, struct scratch *scratch)
{
    char *text = scratch->text, *rest = scratch->list;
    if (read_text("/proc/self/cgroup", scratch->list))
        return;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *controllers++ = 0;
        *path++ = 0;
        if (strcmp(path, "/") == 0)
            path = "";
        if (!*controllers) {
            walk_up(&v2, path, limit, room, text);
            walk_up(&v2_beside_v1, path, limit, room, text);
        } else if (strcmp(controllers, "memory") == 0) {
            walk_up(&v1, path, limit, room, text);
        }
    }
}

static uint64_t meminfo(const char *key, char *text)
{
    const uint64_t kib = read_text("/proc/meminfo", text) ? UINT64_MAX : number(text, key);
    return kib == UINT64_MAX ? UINT64_MAX : kib * 1024;
}

uint64_t memory_limit_bytes(void)
{
    struct scratch *scratch = prim_map(sizeof *scratch);
    if (!scratch)
        return 0;
    uint64_t limit = meminfo("MemTotal:", scratch->text), room = UINT64_MAX;
    struct rlimit space;
    cgroups(&limit, &room, scratch);
    if (getrlimit(RLIMIT_AS, &space) == 0)
        least(&limit, space.rlim_cur);
    prim_unmap(scratch, sizeof *scratch);
    return limit == UINT64_MAX ? 0 : limit;
}

/* Whether tasks have lately waited for memory more than they should. */
static int is_short(char *text)
{
    const uint64_t percent = read_text("/proc/pressure/memory", text) ? 0 : number(text, "some avg10=");
    return percent != UINT64_MAX && percent >= SHORT_PERCENT;
}

uint64_t memory_available_bytes(void)
{
    struct scratch *scratch = prim_map(sizeof *scratch);
    if (!scratch)
        return 0;
    uint64_t limit = UINT64_MAX, room = meminfo("MemAvailable:", scratch->text);
    cgroups(&limit, &room, scratch);
    if (is_short(scratch->text))
        room = 0;
    prim_unmap(scratch, sizeof *scratch);
    return room;
}

/* Pins often come in bursts: what was true a few milliseconds ago, less what was given since, is good enough. */
int prim_memory_take(uint64_t bytes, uint64_t spare)
{
    static _Atomic uint64_t left, known_at;
    static const uint64_t fresh_ns = 50000000;
    const uint64_t now = prim_now_ns();
    if (known_at == 0 || now - known_at > fresh_ns) {
        left = memory_available_bytes();
        known_at = now;
    }
    uint64_t have = left;
    do {
        if (have < spare || have - spare < bytes)
            return 0;
    } while (!atomic_compare_exchange_weak(&left, &have, have - bytes));
    return 1;
}

size_t prim_resident_bytes(const void *base, size_t bytes)
{
    enum {
        PAGES = 2048
    };
    const size_t page = (size_t)getpagesize(), step = PAGES * page;
    unsigned char there[PAGES];
    size_t pages = 0;
    for (size_t at = 0; at < bytes; at += step) {
        const size_t part = bytes - at < step ? bytes - at : step;
        if (mincore((char *)base + at, part, there))
            return bytes;
        for (size_t i = 0; i < part / page; i++)
            pages += there[i] & 1u;
    }
    return pages * page;
}
