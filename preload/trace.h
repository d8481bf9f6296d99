/* Records allocations and copies of blocks to a file (option `trace`), in the format of policy/trace_format.h.
 *
 * Events go to a ring, a place each by one atomic addition.  Whoever fills a part of it writes all that is there to the
 * file, which is open only meanwhile; so does the worker now and then, and the end of the process.  Who finds the ring
 * full drops its event and counts it: nobody waits for the file but others who want to write to it.  A block that is
 * served and freed again and again, and nothing else happens to it, is counted, and told of by one event.  No lock but
 * that of the file; nothing allocates or changes errno; context: any, but start. */
#ifndef AUTOPIN_PRELOAD_TRACE_H
#define AUTOPIN_PRELOAD_TRACE_H

#include "policy/block.h"
#include "policy/options.h"
#include "policy/site.h"
#include "self.h"

/* Whether there is anything to be recorded. */
extern int trace_on __attribute__((visibility("hidden")));

/* Begins, if the options say so.  Context: start. */
void trace_start(const struct options *options);

/* A block was served, is about to be freed, has another size.  Only while trace_on. */
void trace_alloc(struct block *block);
void trace_free(struct block *block);
void trace_resize(struct block *block);

void trace_copied(struct block *block, unsigned what, uint64_t bytes, uint64_t begin_ns, uint64_t ns);

/* A copy has ended that began at begin_ns and took ns; 0: it may be going on.  Units: ns. */
static inline void trace_copy(struct block *block, enum direction dir, enum way way, int async, uint64_t bytes,
                              uint64_t begin_ns, uint64_t ns)
{
    if (UNLIKELY(trace_on))
        trace_copied(block, (unsigned)dir << 3 | (unsigned)way << 4 | (unsigned)(async != 0) << 6, bytes, begin_ns, ns);
}

/* Writes what has been recorded so far, what was only counted included.  Context: the process may end. */
void trace_flush(void);

/* The same, if that was done two seconds ago.  Context: worker. */
void trace_refresh(void);

/* In a forked child: begins a file of its own, if its name would be another; else records no more. */
void trace_fork_child(const struct options *options);

#endif
