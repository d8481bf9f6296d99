/* What plugin_fail_nth.c and its test share: which services can be made to fail, and the counts. */
#ifndef FAIL_NTH_H
#define FAIL_NTH_H

#include <stdatomic.h>

enum fail_kind {
    FAIL_MMAP,
    FAIL_MUNMAP,
    FAIL_MREMAP,
    FAIL_MPROTECT,
    FAIL_MADVISE,
    FAIL_MLOCK,
    FAIL_MUNLOCK,
    FAIL_THREAD,
    FAIL_N_KINDS
};
#define FAIL_KINDS "mmap", "munmap", "mremap", "mprotect", "madvise", "mlock", "munlock", "thread"

struct fail_state {
    _Atomic unsigned calls[FAIL_N_KINDS]; /* made by autopin */
    _Atomic unsigned failed;
};

#endif
