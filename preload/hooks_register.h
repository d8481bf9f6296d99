/* What the hooks of registration offer to those of contexts. */
#ifndef AUTOPIN_HOOKS_REGISTER_H
#define AUTOPIN_HOOKS_REGISTER_H

#include <stddef.h>

/* A registration of the application's is over: the blocks in it may be pinned again, or go if they were freed. */
void register_ended(void *base, size_t bytes);

#endif
