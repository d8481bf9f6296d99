/* Memory limits and pressure, from the kernel's files.  See limits.h.  Formats: Linux
 * Documentation/admin-guide/cgroup-v1/memory.rst, cgroup-v2.rst and accounting/psi.rst.  No lock. */
#define _GNU_SOURCE
#include "limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "digits.h"
#include "prim.h"

enum {
    PATH_MOST = 512,
    TEXT_MOST = sizeof((struct limits_room *)NULL)->text
};

/* One kind of cgroup hierarchy: where it is mounted, and what its files are called. */
struct hierarchy {
    const char *mount, *limit, *usage, *reclaimable;
    const char *pressure; /* NULL: there is no such file */
};
static const struct hierarchy v1 = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                                    "total_inactive_file ", NULL};
static const struct hierarchy v2 = {"/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file ",
                                    "memory.pressure"};
static const struct hierarchy v2_beside_v1 = {"/sys/fs/cgroup/unified", "memory.max", "memory.current",
                                              "inactive_file ", "memory.pressure"};

/* One look at the files. */
struct look {
    limits_read_file read_file;
    struct limits *out;
    char *list, *text; /* TEXT_MOST each */
    int only_limits;
};

static int read_text(struct look *look, const char *path, char *text)
{
    size_t len = 0;
    const int rc = look->read_file(path, text, TEXT_MOST - 1, &len);
    text[len] = 0;
    return rc;
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The digits behind a key (at the beginning of a line; "" = of the file); NULL when they are not there. */
static const char *digits(const char *text, const char *key)
{
    const char *at = text;
    while (at && strncmp(at, key, strlen(key)) != 0)
        at = (at = strchr(at, '\n')) ? at + 1 : NULL;
    at = at ? at + strlen(key) : NULL;
    while (at && *at == ' ')
        at++;
    return at && is_digit(*at) ? at : NULL;
}

/* UINT64_MAX when it is not there. */
static uint64_t number(const char *text, const char *key)
{
    const char *at = digits(text, key);
    return at ? digits_number(at, &at) : UINT64_MAX;
}

/* Likewise, of a number with two decimal places. */
static uint64_t hundredths(const char *text, const char *key)
{
    const char *end, *at = digits(text, key);
    if (!at)
        return UINT64_MAX;
    uint64_t value = digits_number(at, &end) * 100;
    if (end[0] == '.' && is_digit(end[1]))
        value += (uint64_t)(end[1] - '0') * 10 + (is_digit(end[2]) ? (uint64_t)(end[2] - '0') : 0);
    return value;
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

/* Unknown is UINT64_MAX, and less than anything. */
static void most(uint64_t *value, uint64_t other)
{
    if (other != UINT64_MAX && (*value == UINT64_MAX || other > *value))
        *value = other;
}

static void pressure(struct look *look, const char *path)
{
    if (read_text(look, path, look->text))
        return;
    most(&look->out->some, hundredths(look->text, "some avg10="));
    most(&look->out->full, hundredths(look->text, "full avg10="));
}

static void group_pressure(struct look *look, const char *folder, const struct hierarchy *kind)
{
    char path[PATH_MOST];
    if (kind->pressure && snprintf(path, sizeof path, "%s/%s", folder, kind->pressure) < (int)sizeof path)
        pressure(look, path);
}

/* What a group may have, and what of that is left.  v1 says "no limit" by a very large one. */
static void group_memory(struct look *look, const char *folder, const struct hierarchy *kind)
{
    const uint64_t most = file_number(look, folder, kind->limit, "");
    if (most >= UINT64_MAX / 4)
        return;
    least(&look->out->group_bytes, most);
    if (look->only_limits)
        return;
    const uint64_t used = file_number(look, folder, kind->usage, "");
    const uint64_t stale = used == UINT64_MAX ? used : file_number(look, folder, "memory.stat", kind->reclaimable);
    const uint64_t busy = stale < used ? used - stale : 0;
    least(&look->out->room_bytes, most > busy ? most - busy : 0);
}

/* One group and all above it, up to the mount. */
static void walk_up(struct look *look, const struct hierarchy *kind, const char *group)
{
    char folder[PATH_MOST];
    const size_t root = strlen(kind->mount);
    if (snprintf(folder, sizeof folder, "%s%s", kind->mount, group) >= (int)sizeof folder)
        return;
    for (;;) {
        group_memory(look, folder, kind);
        if (!look->only_limits)
            group_pressure(look, folder, kind);
        char *slash = strrchr(folder, '/');
        if (!slash || slash < folder + root)
            return;
        *slash = 0;
    }
}

/* As strsep(), which glibc keeps, with strspn() and its like, where hardly a program comes: with the pages that the
 * kernel maps around the one asked for, the process would have 64 KiB more resident. */
static char *next_line(char **rest)
{
    char *line = *rest, *end = line ? strchr(line, '\n') : NULL;
    *rest = end ? end + 1 : NULL;
    if (end)
        *end = 0;
    return line;
}

/* Every memory cgroup of this process: lines "ID:CONTROLLERS:PATH", CONTROLLERS empty for v2. */
static void cgroups(struct look *look)
{
    char *rest = look->list;
    if (read_text(look, "/proc/self/cgroup", look->list))
        return;
    for (char *line = next_line(&rest); line; line = next_line(&rest)) {
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
    return kib > UINT64_MAX / 1024 ? UINT64_MAX : kib * 1024;
}

static void read_all(struct look *look)
{
    memset(look->out, 0xff, sizeof *look->out);
    if (read_text(look, "/proc/meminfo", look->text) == 0) {
        look->out->ram_bytes = meminfo(look->text, "MemTotal:");
        look->out->available_bytes = meminfo(look->text, "MemAvailable:");
    }
    cgroups(look);
    if (!look->only_limits)
        pressure(look, "/proc/pressure/memory");
}

void limits_read_in(struct limits_room *room, struct limits *out, limits_read_file read_file)
{
    struct look look = {read_file, out, room->list, room->text, 0};
    read_all(&look);
}

static int read_mapped(struct limits *out, limits_read_file read_file, int only_limits)
{
    struct limits_room *room = prim_map(sizeof *room);
    if (!room) {
        memset(out, 0xff, sizeof *out);
        return -ENOMEM;
    }
    struct look look = {read_file, out, room->list, room->text, only_limits};
    read_all(&look);
    prim_unmap(room, sizeof *room);
    return 0;
}

int limits_read(struct limits *out, limits_read_file read_file)
{
    return read_mapped(out, read_file, 0);
}

int limits_read_most(struct limits *out, limits_read_file read_file)
{
    return read_mapped(out, read_file, 1);
}
