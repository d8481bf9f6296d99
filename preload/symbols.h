/* Functions of the objects in the process, by address and by name, out of their dynamic symbol tables.
 *
 * Without the loader's locks: dlsym and dladdr wait for them (glibc 2.36: dl_load_lock), and their holder, a
 * constructor for one, may be waiting for what the thread inside malloc holds.  Nor do these touch dlerror(). */
#ifndef AUTOPIN_SYMBOLS_H
#define AUTOPIN_SYMBOLS_H

#include <stdint.h>

/* The function that pc lies in, and how far inside.  `name` points into the object.  Slow.  Errors: -ENOENT. */
int symbol_at(uintptr_t pc, const char **name, uint64_t *offset);

/* The first function of that name in the objects after this library, or in all of them: of those that were there when
 * the process began, for all that comes before libc stays as it is.  NULL when that cannot be told without the loader
 * (glibc < 2.35; an indirect function). */
void *symbol_next(const char *name);
void *symbol_first(const char *name);

#endif
