/* Bounce buffers: pageable memory of autopin's own, through which small copies from promoted blocks go.
 *
 * The driver treats a copy from such a buffer as any pageable copy: when the call returns, the buffer has been read (or
 * written), so it can be used again at once.  Lock: RANK_BOUNCE, for the list of free buffers only. */
#ifndef AUTOPIN_BOUNCE_H
#define AUTOPIN_BOUNCE_H

#include <stddef.h>

enum {
    BOUNCE_BYTES = 64 << 10 /* the largest copy that natively returns before its stream gets to it (rule 11) */
};

/* A buffer of BOUNCE_BYTES.  When memory is short, waits for one that is in use. */
void *bounce_get(void);
void bounce_put(void *buffer);

void bounce_fork_take(void);
void bounce_fork_drop(void);

#endif
