/* Moving a piece between the program's memory and a slot, as fast as one thread can.  No lock. */
#ifndef AUTOPIN_STAGE_MOVE_H
#define AUTOPIN_STAGE_MOVE_H

#include <stddef.h>

#include "policy/site.h"

/* Host to device: from the program's memory into the slot, ready for DMA.  Device to host: the other way.
 * Pages that are not there are faulted in first, all at once, so that memory that the program may not use is an error
 * and no signal.  Errors: -EFAULT; in a piece of several pages some may have been written. */
int stage_move(enum direction dir, char *slot, char *host, size_t bytes);

/* Whether the ends of a range can be read (host to device) or written. */
int stage_is_usable(enum direction dir, char *host, size_t bytes);

/* The program has taken rights to memory away: from now on no page is trusted because it is resident. */
void stage_distrust(void);

#endif
