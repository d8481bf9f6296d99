/* NUMA: which node the GPU is near to.  No lock; nothing is kept open. */
#ifndef AUTOPIN_NODE_H
#define AUTOPIN_NODE_H

#include <stddef.h>

/* Asks the kernel to take fresh pages of the range from the node that the current context's device is near to, if that
 * is known and there is more than one.  Context: driver hook. */
void node_prefer(void *mem, size_t bytes);

#endif
