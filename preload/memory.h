/* How much memory there is for this process: the machine's, its cgroups' (v1 and v2), and whether it is short just now.
 * Reads /proc and /sys; nothing is kept open.  No lock; context: start, worker, or a hook that pins. */
#ifndef AUTOPIN_MEMORY_H
#define AUTOPIN_MEMORY_H

#include <stdint.h>

/* The least of RAM and the limits of the process's cgroups.  Units: bytes; 0 when unknown. */
uint64_t memory_limit_bytes(void);

/* What could still be taken: the least of MemAvailable and of what each cgroup has left, its inactive file pages
 * counted as free; 0 while tasks wait for memory for more of the time than max_pressure.  UINT64_MAX when unknown. */
uint64_t memory_available_bytes(void);

#endif
