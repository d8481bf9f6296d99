/* The format of recorded traces: what preload/trace.c writes and policy/replay/read.c reads.
 *
 * A file is a header and then sections, each with a head of its own, all in the byte order of the machine.  Events are
 * of 16 bytes.  Sections of events, of sites and of the machine come again and again as the recording goes on: sites
 * add up, of the machine the last one counts.  A section that the end of the file cuts short is not there.  No lock. */
#ifndef AUTOPIN_TRACE_FORMAT_H
#define AUTOPIN_TRACE_FORMAT_H

#include <stdint.h>

#define TRACE_MAGIC "autopin trace\n\x1a" /* with its NUL */
enum {
    TRACE_VERSION = 2,
    TRACE_MAGIC_BYTES = 16
};

struct trace_header {
    char magic[TRACE_MAGIC_BYTES];
    uint32_t version, header_bytes; /* the latter: the first section follows these */
    uint64_t pid;
    uint64_t min_size, staging_min; /* options in force.  Units: bytes */
};

enum trace_section {
    TRACE_EVENTS = 0x544e5645, /* "EVNT" */
    TRACE_SITES = 0x45544953,  /* "SITE" */
    TRACE_MACHINE = 0x4843414d /* "MACH" */
};

struct trace_head {
    uint32_t section, count; /* events or sites in it; 1 of the machine */
    uint64_t bytes;          /* that follow this head */
};

/* An event.  what: kind (3 bits), direction (1), way (2), asynchronous (1), time in us (26, the lower ones), and the
 * block (31): the number of its first 64 KiB in the arena, so that one that is freed makes room for another of the same
 * number.  amount: of an allocation the bytes (40) and the site (24); of a copy the bytes (37, cut) and the time it
 * took (22, by 2 to the power of 5); of a change of size the bytes; of TIME all of the time; of AGAIN how often the
 * block has been served and freed since, with the site and the size of its last allocation, without anything else
 * happening to it.  Units: us, bytes, ns.  All times are of one clock, whose lower bits are enough: after 30 seconds
 * without anything there is a TIME. */
struct trace_event {
    uint64_t what, amount;
};

enum trace_kind {
    TRACE_NOTHING, /* what a file of zeroes would say */
    TRACE_ALLOC,
    TRACE_FREE,
    TRACE_COPY, /* its time: when it began */
    TRACE_RESIZE,
    TRACE_TIME,
    TRACE_AGAIN,
    TRACE_KINDS
};

enum {
    TRACE_US_BITS = 26,
    TRACE_BLOCK_BITS = 31,
    TRACE_ALLOC_BITS = 40,
    TRACE_COPY_BITS = 37,
    TRACE_NS_BITS = 22,
    TRACE_AGAIN_MOST = 1 << 16
};
static const uint64_t TRACE_GAP_US = 30000000; /* below half of what the lower bits can say */

static inline uint64_t trace_low(uint64_t value, unsigned bits)
{
    return value & ((1ull << bits) - 1);
}

static inline uint64_t trace_cut(uint64_t value, unsigned bits)
{
    return value >> bits ? (1ull << bits) - 1 : value;
}

static inline uint64_t trace_what(enum trace_kind kind, unsigned dir, unsigned way, unsigned async, uint64_t us,
                                  uint64_t block)
{
    return (uint64_t)kind | (uint64_t)dir << 3 | (uint64_t)way << 4 | (uint64_t)async << 6 |
           trace_low(us, TRACE_US_BITS) << 7 | block << 33;
}

/* A time in 27 bits, exact to a millionth. */
static inline uint64_t trace_pack_ns(uint64_t ns)
{
    const unsigned log2 = 63u - (unsigned)__builtin_clzll(ns | 1);
    const unsigned shift = log2 >= TRACE_NS_BITS ? log2 - TRACE_NS_BITS + 1 : 0;
    return shift > 31 ? trace_low(~0ull, 27) : ns >> shift | (uint64_t)shift << TRACE_NS_BITS;
}

static inline uint64_t trace_unpack_ns(uint64_t packed)
{
    return trace_low(packed, TRACE_NS_BITS) << (packed >> TRACE_NS_BITS & 31);
}

/* A site: this, then for each frame struct trace_frame, its module's path and its function's name, without NUL. */
struct trace_site {
    uint64_t key;
    uint32_t number, size_log2; /* number: 0 is the site of all that could be told no other */
    uint32_t n_frames, reserved;
};

struct trace_frame {
    uint64_t module_id, offset, function_offset;
    uint16_t module_bytes, function_bytes; /* function_bytes 0: not known */
    uint32_t reserved;
};

/* What things cost in the process so far (policy/cost.h). */
struct trace_machine {
    uint64_t copy_ps[2][3];                   /* by direction; plain, staged, direct.  Units: ps per byte */
    uint64_t copy_samples[2][3];              /* 0: the figure is a guess */
    uint64_t resident_ps, absent_ps, huge_ps; /* pinning.  Units: ps per byte */
    uint64_t cap_bytes, cap_regions;          /* at the time */
    uint64_t dropped;                         /* events that are not in the file */
    uint64_t now_us, simulated;
};

_Static_assert(sizeof(struct trace_event) == 16, "an event");
_Static_assert(sizeof(struct trace_head) == 16, "a head");

#endif
