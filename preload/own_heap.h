/* What libraries allocate in autopin's own threads.  glibc would reserve 64 MiB of address space for a thread that
 * allocates for the first time, which programs under a limit would miss (rules 44 and 46); so it comes from a slot of
 * the arena, is never given back, and its owner may free it anywhere.  No lock. */
#ifndef AUTOPIN_OWN_HEAP_H
#define AUTOPIN_OWN_HEAP_H

#include <stddef.h>

struct block;

/* From now on, and no more: the calling thread's allocations come from here. */
void own_heap_begin(void);
void own_heap_end(void);

/* Zeroed; NULL when there is no room, or when the calling thread is none of autopin's. */
void *own_heap_alloc(size_t size, size_t align);

/* Whether a block of the arena is that slot, and how much a piece of it holds. */
int own_heap_is(const struct block *block);
size_t own_heap_usable(const void *ptr);

#endif
