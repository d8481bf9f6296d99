/* What read.c and read_events.c share.  Not for others. */
#ifndef AUTOPIN_REPLAY_READ_INT_H
#define AUTOPIN_REPLAY_READ_INT_H

#include "policy/replay/read.h"
#include "policy/trace_format.h"

/* What is known of the block of a number in the arena. */
struct place {
    uint32_t number; /* plus 1: in the arena; 0: an empty entry */
    uint32_t live;   /* plus 1: the block that is there, by its number in the trace; 0: none */
    uint32_t last;   /* plus 1: the one that was there last; 0: none was */
};

struct live {
    uint64_t bytes;
    uint32_t site;
    int copied;
};

/* What copies of one direction, way and size took.  Units: ps per byte. */
struct samples {
    double *ps;
    uint64_t n; /* all of them; there is room for SAMPLES, the last ones */
};

enum {
    SAMPLES = 4096
};
static const uint64_t PRICE_MOST = 1000000000; /* ps per byte: 1 kB/s; of any size, that is a number of ns */

struct reader {
    const char *begin, *at;
    struct recorded *out;
    char *strings;
    struct place *number; /* open addressing; a power of two */
    uint32_t n_places, room;
    struct samples samples[DIR_COUNT][WAY_COUNT][MEASURED_LOG2];
    struct live *live; /* by number of the block */
    uint32_t live_room;
    uint64_t us, end_us, begin_us; /* the last event's time; until when something was done; the first one's */
    uint64_t live_bytes;           /* of blocks that were copied */
    int timed;                     /* there was a TIME */
};

/* Says what was expected at this place of the file.  Returns -EINVAL. */
int malformed(struct reader *reader, const void *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

int read_events(struct reader *reader, uint32_t count);
void events_end(struct reader *reader);

/* read_costs.c: of the copies, for what others will take. */
void sample_copy(struct reader *reader, enum direction dir, enum way way, uint64_t bytes, uint64_t ns);
void samples_end(struct reader *reader);

#endif
