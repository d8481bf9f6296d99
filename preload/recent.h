/* The stacks that this thread has allocated from lately, so that a loop does not unwind each time.
 *
 * A stack is known again by the return addresses lying where they lay: each is read from the stack and compared, inner
 * frames first.  Thread-local; no lock.  x86-64 only; elsewhere nothing is ever known. */
#ifndef AUTOPIN_RECENT_H
#define AUTOPIN_RECENT_H

#include <stddef.h>
#include <stdint.h>

struct site;

/* The site of the stack whose innermost return address lies at `slot`, for this size class; NULL: unwind. */
struct site *recent_find(const uintptr_t *slot, unsigned size_log2);

/* A stack was unwound (n return addresses, innermost first) and belongs to that site. */
void recent_seen(const uintptr_t *slot, unsigned size_log2, const uintptr_t *pcs, unsigned n, struct site *site);

#endif
