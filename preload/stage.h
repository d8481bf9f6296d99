/* Staged copies: large ranges that are not pinned go through slots of pinned memory, filled or drained by several
 * threads while the chunk before is on the link.  On the program's stream and in its context, with the plain copy's
 * results, ordering and promise on return. */
#ifndef AUTOPIN_STAGE_H
#define AUTOPIN_STAGE_H

#include "copy.h"
#include "policy/site.h"

/* Gets ready: sets the bounds of policy/pace.h.  Call at start. */
void stage_start(void);

/* Makes the plain copy of a part of a copy.  Results: the driver's. */
typedef CUresult (*stage_plain)(const struct copy *part, enum direction dir, struct block *block);

/* What has been done of a copy, from its beginning; `plain` of these bytes as the program wrote it. */
struct stage_done {
    size_t bytes, plain;
};

/* Copies the first done->bytes bytes, from 0 to all of them; the caller makes the plain copy of the rest, whose result
 * is the driver's then.  Host memory that cannot be used is never touched: it is left to the driver.  Results: the
 * driver's for what was done.  `plain`, called with `block`, makes the beginning of the copy while there are no slots
 * yet; NULL: it has to wait for them.  Context: driver hook; no capture is going on. */
CUresult stage_copy(const struct copy *copy, enum direction dir, stage_plain plain, struct block *block,
                    struct stage_done *done);

/* Makes slots that a copy asked for while there were too few.  Context: worker, between engine_enter() and
 * engine_leave(). */
void stage_make_first(void);

/* Contexts are about to end: no slot is made there any more.  Context: driver hook, likewise. */
void stage_begin_end(const struct ending *ending);

void stage_begin_fork_child(void);

/* Which way a copy goes whose host side is not memory of autopin's: -ENOENT unless one side is the device's, the other
 * pageable. */
int stage_direction(const struct copy *copy, enum direction *dir);

/* Whether the range lies within one allocation of the device: then no chunk of it is refused after others went well. */
int stage_is_device_range(uintptr_t address, size_t bytes);

#endif
