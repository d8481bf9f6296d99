/* Where lies what every large malloc and free reads.
 *
 * A program that touches a block page by page in between puts two things out: the first line of every page, out of all
 * caches but the last (those lines share one set of eight ways in a 32 KiB cache; x86-64), and what pages the
 * processor's first table of translations knew.  So none of it lies at the beginning of a page, and variables lie side
 * by side: 90 of 130 ns of a pair of 1 MiB were due to that (AMD EPYC). */
#ifndef AUTOPIN_HOT_H
#define AUTOPIN_HOT_H

#include <stddef.h>

/* A variable that lies with the others: the linker sorts sections by name. */
#define HOT_DATA __attribute__((section(".data.hot")))

enum {
    HOT_AWAY = 64 /* so many more bytes are to be mapped */
};

/* Memory of prim_map() without its first line.  NULL stays NULL. */
static inline void *hot_away(void *mapped)
{
    return mapped ? (char *)mapped + HOT_AWAY : NULL;
}

#endif
