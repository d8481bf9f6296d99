/* Memory limits and pressure, from the kernel's files.  See limits.h.  Formats: Linux
 * Documentation/admin-guide/cgroup-v1/memory.rst, cgroup-v2.rst and accounting/psi.rst.  No lock. */
#define _GNU_SOURCE
#include "limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prim.h"

enum {
    PATH_MOST = 512,
    TEXT_MOST = 8192
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

/* Buffers for one look at the files: not on the stack, which may be a thread's last few KiB. */
struct look {
    int (*read_file)(const char *path, char *buf, size_t cap, size_t *len);
    struct limits *out;
    char list[TEXT_MOST], text[TEXT_MOST];
};

static int read_text(struct look *look, const char *path, char *text)
{
    size_t len = 0;
    const int rc = look->read_file(path, text, TEXT_MOST - 1, &len);
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

static uint64_t file_number(struct look *look, const char *folder, const char *file, const char *key)
{
    char path[PATH_MOST];
    if (snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path || read_text(look, path, look->text))
        return UINT64_MAX;
    return number(look->text, key);
}

static void least(uint64_t *value, uint64_t other)
{
    if (other < *value)
        *value = other;
}

/* One group and all above it, up to the mount. */
static void walk_up(struct look *look, const struct hierarchy *kind, const char *group)
{
    char folder[PATH_MOST];
    const size_t root = strlen(kind->mount);
    if (snprintf(folder, sizeof folder, "%s%s", kind->mount, group) >= (int)sizeof folder)
        return;
    for (;;) {
        const uint64_t most = file_number(look, folder, kind->limit, "");
        const uint64_t used = file_number(look, folder, kind->usage, "");
        if (most < UINT64_MAX / 4 && used != UINT64_MAX) { /* v1 says "no limit" by a very large one */
            const uint64_t stale = file_number(look, folder, "memory.stat", kind->reclaimable);
            const uint64_t busy = stale < used ? used - stale : 0;
            least(&look->out->group_bytes, most);
            least(&look->out->room_bytes, most > busy ? most - busy : 0);
        }
        char *slash = strrchr(folder, '/');
        if (!slash || slash < folder + root)
            return;
        *slash = 0;
    }
}

/* Every memory cgroup of this process: lines "ID:CONTROLLERS:PATH", CONTROLLERS empty for v2. */
static void cgroups(struct look *look)
{
    char *rest = look->list;
    if (read_text(look, "/proc/self/cgroup", look->list))
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
            walk_up(look, &v2, path);
            walk_up(look, &v2_beside_v1, path);
        } else if (strcmp(controllers, "memory") == 0) {
            walk_up(look, &v1, path);
        }
    }
}

static uint64_t meminfo(const char *text, const char *key)
{
    const uint64_t kib = number(text, key);
    return kib == UINT64_MAX ? UINT64_MAX : kib * 1024;
}

int limits_read(struct limits *out, int (*read_file)(const char *path, char *buf, size_t cap, size_t *len))
{
    memset(out, 0xff, sizeof *out);
    struct look *look = prim_map(sizeof *look);
    if (!look)
        return -ENOMEM;
    look->read_file = read_file;
    look->out = out;
    if (read_text(look, "/proc/meminfo", look->text) == 0) {
        out->ram_bytes = meminfo(look->text, "MemTotal:");
        out->available_bytes = meminfo(look->text, "MemAvailable:");
    }
    cgroups(look);
    if (read_text(look, "/proc/pressure/memory", look->text) == 0)
        out->waiting_percent = number(look->text, "some avg10=");
    prim_unmap(look, sizeof *look);
    return 0;
}
