/* The next allocator in line: glibc's, or a preloaded one.  And the real dlsym.
 *
 * Resolved at first use, by whichever thread comes first: malloc runs before constructors do.  No lock. */
#ifndef AUTOPIN_NEXT_H
#define AUTOPIN_NEXT_H

#include <stddef.h>

struct next_allocator {
    void *(*malloc)(size_t);
    void (*free)(void *);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    size_t (*malloc_usable_size)(void *);
};

/* Every pointer is callable at any time: at first to functions that resolve and then forward. */
extern struct next_allocator next __attribute__((visibility("hidden")));

typedef void *(*dlsym_fn)(void *, const char *);

/* glibc's dlsym, past the hook.  Found by dlvsym, newest version first. */
dlsym_fn next_dlsym(void);

/* Resolves what has not been called yet: from now on no hook of malloc's family looks anything up, which would wait for
 * the loader's lock (rule 40). */
void next_resolve(void);

/* The function of that name in the objects after this one; NULL when there is none. */
void *next_function(const char *name);

/* The same for a function of libc that nobody loads later: without the loader's lock where that can be. */
void *next_libc(const char *name);

/* The one that the process at large uses: autopin's own, unless an allocator comes before it. */
void *process_function(const char *name);

#endif
