/* Names out of /tmp/perf-PID.map: see perf_map.h.  Format: tools/perf/Documentation/jit-interface.txt of Linux: lines
 * "START SIZE NAME", both in hexadecimal digits. */
#define _GNU_SOURCE
#include "scripts/command/perf_map.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scripts/command/symbols.h"

enum {
    MAP_MOST = 64 << 20, /* bytes; so much is read */
    SLACK_S = 1          /* a file system's times are coarse */
};

/* A line of the map. */
struct entry {
    uint64_t start, size;
    const char *name;
    size_t len;
};

/* A frame that is in no module. */
struct nameless {
    uint64_t address;
    json_t *frame;
    const char *name; /* NULL: it has none yet; in the map, not ended by NUL */
    size_t len;
    int several; /* names */
};

/* Whether the map is the process's own. */
static int is_its_own(const struct loaded *report, const struct stat *map, const char *file)
{
    struct stat written;
    if (stat(file, &written) || !S_ISREG(written.st_mode) || !S_ISREG(map->st_mode))
        return 0;
    const int64_t ran_s = (int64_t)(report->report.duration_ns / 1000000000) + 1;
    return map->st_uid == written.st_uid && !(map->st_mode & (S_IWGRP | S_IWOTH)) &&
           map->st_mtime <= written.st_mtime + SLACK_S && map->st_mtime >= written.st_mtime - ran_s - SLACK_S;
}

/* The whole map as a string; NULL, and *there says whether there is one at all. */
static char *read_map(const struct loaded *report, const char *path, const char *file, int *there)
{
    struct stat map;
    char again[40], *text = NULL;
    const int at = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    *there = at >= 0;
    snprintf(again, sizeof again, "/proc/self/fd/%d", at);
    const int in =
        at >= 0 && fstat(at, &map) == 0 && is_its_own(report, &map, file) ? open(again, O_RDONLY | O_CLOEXEC) : -1;
    if (in >= 0 && map.st_size > 0) {
        const size_t most = map.st_size < MAP_MOST ? (size_t)map.st_size : MAP_MOST;
        text = malloc(most + 1);
        const ssize_t got = text ? read(in, text, most) : 0;
        if (text)
            text[got > 0 ? got : 0] = 0;
    }
    if (in >= 0)
        close(in);
    if (at >= 0)
        close(at);
    return text;
}

static int next_entry(const char **at, struct entry *entry)
{
    while (**at) {
        const char *line = *at, *end = line + strcspn(line, "\n");
        char *rest;
        *at = *end ? end + 1 : end;
        entry->start = strtoull(line, &rest, 16);
        entry->size = *rest == ' ' ? strtoull(rest, &rest, 16) : 0;
        if (*rest != ' ' || rest >= end || !entry->size)
            continue;
        entry->name = rest + 1;
        entry->len = (size_t)(end - entry->name);
        return 1;
    }
    return 0;
}

/* CPython's are "py::FUNCTION:FILE". */
static void name_frame(json_t *frame, const char *name, size_t len)
{
    static const char python[] = "py::";
    const char *colon = NULL, *end = name + len;
    if (len > sizeof python && memcmp(name, python, sizeof python - 1) == 0) {
        name += sizeof python - 1;
        colon = memchr(name, ':', (size_t)(end - name));
    }
    json_t *function = json_stringn(name, (size_t)((colon ? colon : end) - name));
    json_t *file = colon ? json_stringn(colon + 1, (size_t)(end - colon - 1)) : json_string("");
    if (function && file)
        json_object_set_new(frame, "source",
                            json_pack("[{s:O, s:O, s:i}]", "function", function, "file", file, "line", 0));
    json_decref(function);
    json_decref(file);
}

static int by_address(const void *one, const void *other)
{
    const struct nameless *a = one, *b = other;
    return (a->address > b->address) - (a->address < b->address);
}

/* The frames in no module, by address.  Owns: the caller frees it. */
static struct nameless *collect(const struct report *report, size_t *n)
{
    struct nameless *all = calloc((size_t)report->n_kept * SITE_FRAMES + 1, sizeof *all);
    *n = 0;
    for (unsigned i = 0; all && i < report->n_kept; i++)
        for (unsigned k = 0; k < report->sites[i].site->n_frames; k++) {
            const struct frame *frame = &report->sites[i].site->frame[k];
            json_t *json = ((const struct loaded_name *)frame->pc)->json; /* NOLINT(performance-no-int-to-ptr) */
            if (!frame->module[0] && frame->offset)
                all[(*n)++] = (struct nameless){.address = frame->offset - 1, .frame = json}; /* in the call */
        }
    if (*n)
        qsort(all, *n, sizeof *all, by_address);
    return all;
}

/* Gives the frames that an entry covers its name. */
static void cover(struct nameless *all, size_t n, const struct entry *entry)
{
    size_t from = 0, to = n;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (all[middle].address < entry->start)
            from = middle + 1;
        else
            to = middle;
    }
    for (; from < n && all[from].address - entry->start < entry->size; from++) {
        struct nameless *frame = &all[from];
        frame->several |=
            frame->name && (frame->len != entry->len || memcmp(frame->name, entry->name, entry->len) != 0);
        frame->name = entry->name;
        frame->len = entry->len;
    }
}

static void name_all(struct nameless *all, size_t n, const char *map)
{
    struct entry entry;
    while (next_entry(&map, &entry))
        cover(all, n, &entry);
    for (size_t i = 0; i < n; i++)
        if (all[i].name && !all[i].several)
            name_frame(all[i].frame, all[i].name, all[i].len);
}

void perf_map_add(struct loaded *report, const char *file)
{
    char path[60], note[160];
    int there = 0;
    size_t n;
    if (report->process.n_members || report->process.pid <= 0)
        return;
    struct nameless *all = collect(&report->report, &n);
    snprintf(path, sizeof path, "/tmp/perf-%lld.map", (long long)report->process.pid);
    char *map = n ? read_map(report, path, file, &there) : NULL;
    if (map) {
        name_all(all, n, map);
    } else if (there) {
        snprintf(note, sizeof note, "%s is not certain to be of this process: no names from it", path);
        symbols_note(report, note);
    }
    free(map);
    free(all);
}
