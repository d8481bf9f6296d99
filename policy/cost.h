/* What things cost on this machine: constants until measured, then what the process itself has measured.
 *
 * Lock-free; callers: engine.c and decide.c; report.c reads.  Units are in the names; ps = picoseconds. */
#ifndef AUTOPIN_COST_H
#define AUTOPIN_COST_H

#include <stdint.h>

#include "site.h"

/* The price of a byte, of which there is at least one. */
static inline uint64_t cost_ps_per_byte(uint64_t bytes, uint64_t ns)
{
    return (uint64_t)((double)ns * 1000.0 / (double)bytes);
}

/* Records one copy: for its size, and, if it is large enough to say something about bandwidth, for its way. */
void cost_copy_seen(enum direction dir, enum way way, uint64_t bytes, uint64_t ns);

/* Records one pin of `bytes`, of which so many had no memory yet; huge: in huge pages. */
void cost_pin_seen(uint64_t bytes, uint64_t absent_bytes, int huge, uint64_t ns);

/* Picoseconds a byte takes. */
uint64_t cost_copy_ps_per_byte(enum direction dir, enum way way);

/* How many measurements made that figure; 0: it is the constant. */
uint32_t cost_copy_samples(enum direction dir, enum way way);

/* What a copy of `bytes` that went this way costs beyond a direct one; for a direct one, what it would have cost
 * without the pin.  0 when it costs no more.  By the figures of copies of about that size, where there are some of both
 * ways.  Units: ns. */
uint64_t cost_excess_ns(enum direction dir, enum way way, uint64_t bytes);

/* Whether enough copies of both ways have been seen to say that direct ones are no faster in this direction.  That is
 * forgotten after some hundred unpinned copies, then after twice as many each time: it may have been chance. */
int cost_no_gain(enum direction dir);

/* Whether that is so in every direction in which direct copies have been made. */
int cost_given_up(void);

/* What pinning `bytes` costs, all of them resident.  Units: ns. */
uint64_t cost_pin_ns(uint64_t bytes);

/* The same, where so many have no memory yet, or in huge pages.  Units: ns. */
uint64_t cost_pin_parts_ns(uint64_t bytes, uint64_t absent_bytes, int huge);

/* What faulting `bytes` in costs, in huge pages or not.  Units: ns. */
uint64_t cost_fault_ns(uint64_t bytes, int huge);

#endif
