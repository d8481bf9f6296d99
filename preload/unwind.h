/* Call stacks, by a private copy of libgcc's unwinder and by libunwind, loaded privately.  See unwind.c. */
#ifndef AUTOPIN_UNWIND_H
#define AUTOPIN_UNWIND_H

#include <stdint.h>

#include "walk.h"

/* Return addresses of the calling thread, innermost first, without autopin's own frames; at least `caller` itself.
 * Returns how many.  Context: malloc; no lock of autopin's held. */
unsigned unwind_stack(uintptr_t *pcs, unsigned most, uintptr_t caller);

/* Where on the calling thread's own stack those return addresses lie; the first is known to lie at `slot`.  Slow.
 * Returns whether all were found there: they can then be read for as long as the thread lives and is that deep. */
int unwind_places(const uintptr_t *slot, struct trace *trace);

/* An object was unloaded.  libunwind 1.6.2 remembers per thread how to step out of each address (src/x86_64/Gtrace.c)
 * and never forgets, so another object at that place would be unwound wrongly: it is not used any more. */
void unwind_distrust(void);

/* Around fork(): no thread is inside libunwind or loads it, so that the child inherits none of the loader's locks from
 * autopin; in the child libunwind is not used any more. */
void unwind_fork_prepare(void); /* before any lock is taken */
void unwind_fork_take(void);
void unwind_fork_drop(void);
void unwind_fork_child(void);

/* "libunwind", "libgcc", or "none". */
const char *unwind_name(void);

#endif
