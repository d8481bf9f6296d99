/* Which object and function an address belongs to, and what identifies that object in every run.  No lock: not the
 * loader's either, where glibc is 2.35 or newer; callers hold none. */
#ifndef AUTOPIN_MODULES_H
#define AUTOPIN_MODULES_H

#include <stdint.h>

#include "policy/site.h"

/* Fills in module, module_id and offset of a frame whose pc is set.  `module` points into the loader's data. */
void module_of(struct frame *frame);

/* The function of the dynamic symbol table that pc lies in, and how far inside.  `name` points into the object.  Slow.
 * Errors: -ENOENT. */
int module_function(uintptr_t pc, const char **name, uint64_t *offset);

/* Whether pc belongs to the dynamic loader itself, or to this library. */
int module_is_loader(uintptr_t pc);
int module_is_own(uintptr_t pc);

#endif
