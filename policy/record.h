/* The record: where all counters of a report lie, so that a report can be made of them when the process is gone.
 *
 * The first part is `record` itself; more parts are added as objects need them.  Once there is something to count, the
 * parts are put into a file of the process's own, mapped at the addresses they have (preload/record_file.c), so that
 * counting costs what it did.  Without a file all is as it was, in private memory.  A reader goes through the objects
 * of each part from its beginning and relocates pointers by the table of parts; it refuses a file of another layout.
 *
 * What a reader finds after a death at any moment.  Exact: every operation that had ended.  Of the one that each thread
 * was at, some counters may be there and others not yet; the number of a copy or block comes after its bytes and time,
 * so bytes may be too many by one operation's, never too few.  Peaks are as exact as in a report (tally.h).  Lagging:
 * last_ns, when autopin last looked at the clock.  Not there: names of functions, VmLck, the cap of the node, and what
 * came after the record could not grow (`lost`).  While the process lives, a reader sees counters at slightly
 * different moments.
 *
 * Owns the memory of sites, shares and their strings.  Lock: RANK_RECORD.  Callers: site.c, tally.c; preload/life.c. */
#ifndef AUTOPIN_RECORD_H
#define AUTOPIN_RECORD_H

#include "ledger.h"
#include "site.h"
#include "totals.h"

enum {
    RECORD_FORMAT = 2, /* of the head up to pid_namespace, which the first had not */
    RECORD_PARTS = 16,
    RECORD_NOTES = 8,
    RECORD_FIRST = 183 << 6,    /* bytes of objects in the first part: with the rest, 16 KiB; each page costs 2 us */
    RECORD_STEP = 64 << 10,     /* the second part; each further one is twice as large, */
    RECORD_STEP_MOST = 4 << 20, /* up to this */
    RECORD_ALIGNED = 64,
#ifdef __x86_64__
    RECORD_PAGE = 4096
#else
    RECORD_PAGE = 65536 /* the largest there is */
#endif
};

#define RECORD_MAGIC "autopin"

enum record_kind {
    RECORD_NOTHING, /* not whole yet, or of no use */
    RECORD_SITE,
    RECORD_SHARES, /* TALLY_GROUP of them, of one thread; number: which of the thread's groups */
    RECORD_STRING
};

/* What stands before each object; the object itself is RECORD_ALIGNED bytes further, a string at text[]. */
struct record_object {
    uint32_t bytes; /* with this; a multiple of RECORD_ALIGNED */
    uint32_t kind;
    uint64_t number;
    char text[];
};

/* Part i lies in the file behind parts 0 to i - 1. */
struct record_part {
    uint64_t address, bytes;
    uint64_t used; /* from its beginning */
};

struct record_head {
    char magic[8]; /* RECORD_MAGIC; set last */
    uint32_t format, n_parts;
    uint64_t layout; /* record_layout() */
    int64_t pid;
    uint64_t made_ns;       /* by the clock that goes on while the machine sleeps: later than the process's start */
    uint64_t pid_namespace; /* that of pid; 0: unknown */
    uint64_t lost;          /* objects that are not in the file */
    struct record_part part[RECORD_PARTS];
    char version[16], program[64], command_line[512], config_file[512], driver[112];
    char note[RECORD_NOTES][160];
    uint32_t n_notes;
    int simulated;
    _Atomic int backend; /* enum backend_kind */
    char cause[16];      /* of the end, once it is known; "" before */
    char none[8];        /* the empty string */
};

struct record {
    _Alignas(RECORD_PAGE) struct record_head head;
    struct totals totals;
    struct ledger ledger;
    struct site catch_all; /* number 0 */
    _Alignas(RECORD_ALIGNED) char objects[RECORD_FIRST];
};

#ifdef __x86_64__
_Static_assert(sizeof(struct record) == 16 << 10, "RECORD_FIRST leaves no room unused");
#endif

extern struct record record;

/* What keeps a file: preload/record_file.c. */
struct record_files {
    /* Makes a file with the contents of the parts, up to what is used of them, and maps it over them.  Errors: -errno;
     * the parts are then as they were. */
    int (*make)(const struct record_part *part, unsigned n);
    /* What was made is a record now.  Errors: -errno; there is no file then. */
    int (*show)(void);
    /* Makes the file longer by `bytes`, for the part of that number, and maps that.  NULL: it cannot be. */
    void *(*grow)(unsigned number, uint64_t at, size_t bytes);
    /* The parts become private memory with the same contents; the file is another's. */
    void (*leave)(const struct record_part *part, unsigned n);
    /* Removes the file.  What is mapped stays. */
    void (*drop)(void);
};

/* From now on a file is made when the first object is, or at record_open().  Without this there never is one. */
void record_start(const struct record_files *files);

/* Makes the file, unless that has been tried.  Context: no lock held. */
void record_open(void);

/* The process has come to its end, or becomes another.  needed: nobody has heard of it otherwise, so the file stays.
 * Should it go on, there is no file from then on. */
void record_end(const char *cause, int needed);

/* Zeroed memory for one object, aligned to RECORD_ALIGNED; NULL when there is none. */
void *record_get(enum record_kind kind, uint64_t number, size_t bytes);

/* An object that was RECORD_NOTHING is whole: a reader may see it. */
void record_ready(void *object, enum record_kind kind);

/* A copy of a string, which others may share; "" when memory is short. */
const char *record_string(const char *text);

/* Differs wherever the layout does.  */
uint64_t record_layout(void);

/* In a forked child, before anything is counted there: it leaves its parent's file, and has one of its own once there
 * is something to count, or at record_open(). */
void record_fork_child(void);

/* The lock, for fork(). */
void record_fork_take(void);
void record_fork_drop(void);

#endif
