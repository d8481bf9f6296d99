/* What the stress programs check by: they say what is broken and go on, and main() returns it. */
#ifndef STRESS_CHECK_H
#define STRESS_CHECK_H

#include <stdio.h>

static _Atomic int broken;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                                    \
            broken = 1;                                                                                                \
        }                                                                                                              \
    } while (0)

#endif
