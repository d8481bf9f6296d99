/* What t_record_work has done, as it counts itself: read by t_record_check.py. */
#ifndef T_RECORD_WORK_H
#define T_RECORD_WORK_H

#include <stdint.h>

enum {
    COUNTED_THREADS = 4,
    COUNTED_BYTES = 1 << 20
};

struct counts {
    _Atomic uint64_t blocks, copies, begun, unused;
};

#endif
