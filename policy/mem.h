/* Autopin's private memory: for what is kept about the program, never from the program's malloc.
 *
 * Small pieces in powers of two, cut from pages of prim_map(); larger ones mapped alone.  Lock: RANK_MEM, innermost.
 * Callers: table.h, site.c. */
#ifndef AUTOPIN_MEM_H
#define AUTOPIN_MEM_H

#include <stddef.h>

/* Zeroed memory, aligned to 16 bytes; NULL when there is none. */
void *mem_get(size_t bytes);

/* Gives it back; `bytes` as asked for. */
void mem_put(void *mem, size_t bytes);

/* A private copy of a string; "" when memory is short. */
const char *mem_string(const char *text);

/* The lock, for fork(). */
void mem_fork_take(void);
void mem_fork_drop(void);

#endif
