/* The two ways of locking pages, behind prim_pin() and prim_unpin().  See policy/prim.h for the contract. */
#ifndef AUTOPIN_BACKEND_H
#define AUTOPIN_BACKEND_H

#include "policy/block.h"

/* Whether memory registered for the device helps: registration must be supported (attribute 99), and gains nothing
 * where the GPU walks the host's page tables (100).  Context: driver hook, or one entered by the caller. */
int backend_cuda_worthwhile(int device);

int backend_cuda_pin(struct block *block);
int backend_cuda_unpin(struct block *block);
int backend_mlock_pin(struct block *block);
int backend_mlock_unpin(struct block *block);

/* Whether the process may lock memory without limit. */
int backend_lock_unlimited(void);

/* Makes every page of the range resident and writable without changing it, in parts (Linux ≥ 5.14; else it is left to
 * whoever locks).  Errors: -ECANCELED, when the process ends. */
int backend_populate(char *base, size_t bytes);

#endif
