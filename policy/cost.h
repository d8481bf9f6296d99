/* What things cost on this machine: constants until measured, then what the process itself has measured.
 *
 * Lock-free; callers: engine.c and decide.c; report.c reads.  Units are in the names; ps = picoseconds. */
#ifndef AUTOPIN_COST_H
#define AUTOPIN_COST_H

#include <stdint.h>

#include "site.h"

/* Records one copy, if it is large enough to say something about bandwidth. */
void cost_copy_seen(enum direction dir, enum way way, uint64_t bytes, uint64_t ns);

/* Records one pin of `bytes`. */
void cost_pin_seen(uint64_t bytes, uint64_t ns);

/* Picoseconds a byte takes. */
uint64_t cost_copy_ps_per_byte(enum direction dir, enum way way);

/* Whether that figure was measured here (1) or is the constant (0). */
int cost_copy_measured(enum direction dir, enum way way);

/* What a plain copy of `bytes` costs beyond a direct one; 0 when it costs no more.  Units: ns. */
uint64_t cost_excess_ns(enum direction dir, uint64_t bytes);

/* What pinning `bytes` costs.  Units: ns. */
uint64_t cost_pin_ns(uint64_t bytes);

/* What faulting `bytes` in costs, in huge pages or not.  Units: ns. */
uint64_t cost_fault_ns(uint64_t bytes, int huge);

#endif
