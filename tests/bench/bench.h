/* What the bench programs share: a clock, a median, a fault count.  No lock, no state. */
#ifndef AUTOPIN_BENCH_H
#define AUTOPIN_BENCH_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#ifndef RUSAGE_THREAD
#define RUSAGE_THREAD 1 /* shown to _GNU_SOURCE alone */
#endif

static inline double bench_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the values. */
static inline double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, bench_compare);
    return values[count / 2];
}

/* Page faults of this thread so far, minor and major: autopin's own threads are not the program's loop. */
static inline long bench_faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/* Writes to every page, as a program that fills a buffer does. */
static inline void bench_touch(char *memory, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += 4096)
        ((volatile char *)memory)[at] = (char)at;
}

static inline void bench_need(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

#endif
