/* Reads recorded traces (policy/trace_format.h).  No lock: one thread. */
#ifndef AUTOPIN_REPLAY_READ_H
#define AUTOPIN_REPLAY_READ_H

#include "policy/replay/replay.h"

/* A recorded trace as it is replayed, and what else is in the file. */
struct recorded {
    struct trace trace;
    struct machine machine;
    struct measured measured;
    uint64_t dropped;                         /* events that are not in the file */
    uint64_t strays;                          /* events of blocks whose allocation is not */
    uint64_t cut_bytes;                       /* at the end of the file, of a section that is not whole */
    uint64_t allocs, copies, copy_bytes;      /* of what is in the file */
    uint64_t copied_ns[DIR_COUNT][WAY_COUNT]; /* likewise */
    uint64_t peak_bytes;                      /* of blocks that lived at once and were copied */
    uint64_t cap_bytes, pid, duration_us;
    int simulated, whole; /* whole: there is something about the machine */
    char *strings;
    char error[160];
};

/* Reads `bytes` at `data`, a file.  Returns 0; else -EINVAL, and ->error is a sentence that says where something else
 * was expected.  Either way recorded_drop() gives the memory back. */
int recorded_read(struct recorded *out, const void *data, size_t bytes);
void recorded_drop(struct recorded *recorded);

#endif
