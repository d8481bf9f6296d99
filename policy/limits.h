/* What the kernel says about memory: the machine's, and the limits of this process's cgroups (v1 and v2).
 *
 * Callers: preload/memory.c, and the autopin command, so that both mean the same by a percentage.  No lock; nothing
 * here calls malloc, changes errno or keeps a file open, if read_file() does not. */
#ifndef AUTOPIN_LIMITS_H
#define AUTOPIN_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* UINT64_MAX: none, or unknown. */
struct limits {
    uint64_t ram_bytes, available_bytes; /* MemTotal, MemAvailable */
    uint64_t group_bytes;                /* the least limit of a cgroup */
    uint64_t room_bytes;                 /* the least that one has left, its inactive file pages counted as free */
    uint64_t some, full; /* hundredths of a percent of the last ten seconds in which some, or all, tasks waited for
                            memory: of the machine's, or of one of those cgroups' (v2), whichever is more */
};

typedef int (*limits_read_file)(const char *path, char *buf, size_t cap, size_t *len); /* as in struct options_source */

/* What reading takes: not on the stack, which may be a thread's last few KiB. */
struct limits_room {
    char list[8192], text[8192];
};

/* Fills *out.  Errors: -ENOMEM; all is then unknown.  Context: any. */
int limits_read(struct limits *out, limits_read_file read_file);

/* The same, but of the cgroups only the least limit: a third of the files, for who starts.  room_bytes, some and full are
 * unknown. */
int limits_read_most(struct limits *out, limits_read_file read_file);

/* As limits_read(), in room that nobody else uses meanwhile. */
void limits_read_in(struct limits_room *room, struct limits *out, limits_read_file read_file);

#endif
