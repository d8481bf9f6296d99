/* What is counted for the process as a whole.  Relaxed atomics, added to by anybody, read by report.c. */
#ifndef AUTOPIN_TOTALS_H
#define AUTOPIN_TOTALS_H

#include "site.h"

struct totals {
    uint64_t start_ns;                                  /* when autopin began to look at large blocks or copies */
    _Atomic uint64_t last_ns;                           /* when it last looked at the clock */
    struct copy_count count[DIR_COUNT][WAY_COUNT];      /* copies from or to blocks of autopin's */
    struct copy_count foreign[DIR_COUNT];               /* copies of other memory: passed on as they are */
    struct copy_count foreign_staged[DIR_COUNT];        /* the same, staged */
    _Atomic uint64_t large_forwarded;                   /* large, but left to the next allocator */
    _Atomic uint64_t locked_bytes, locked_bytes_peak;   /* by mlock: equals the kernel's VmLck */
    _Atomic uint64_t staging_bytes, staging_bytes_peak; /* slots for staged copies, pinned */
    _Atomic uint64_t prefaulted_bytes;
    _Atomic uint64_t app_registrations;                  /* the application's own, of blocks of autopin's */
    _Atomic uint64_t graph_blocks;                       /* blocks set aside because a graph names them */
    _Atomic uint64_t kept_blocks;                        /* blocks that could not be unpinned */
    _Atomic uint64_t context_losses;                     /* contexts that ended while blocks were pinned in them */
    _Atomic uint64_t waits, wait_ns;                     /* for the stream, to keep an asynchronous copy's promise */
    _Atomic uint64_t splits;                             /* copies cut at the borders of registrations */
    _Atomic uint64_t lowered_min_free, lowered_pressure; /* times that the cap was lowered, memory being short */
    _Atomic uint64_t given_back_bytes;                   /* unpinned for that */
    _Atomic uint64_t faults_avoided;                     /* pages that were resident because their block was recycled */
};

#endif
