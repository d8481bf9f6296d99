/* Which object an address belongs to, and what identifies that object in every run.  No lock of autopin's is held;
 * callers hold none either (dl_iterate_phdr takes the loader's). */
#ifndef AUTOPIN_MODULES_H
#define AUTOPIN_MODULES_H

#include <stdint.h>

#include "policy/site.h"

/* Fills in module, module_id and offset of a frame whose pc is set.  `module` points into the loader's data. */
void module_of(struct frame *frame);

/* Whether pc belongs to the dynamic loader itself, or to this library. */
int module_is_loader(uintptr_t pc);
int module_is_own(uintptr_t pc);

#endif
