/* What copy.c and copy_call.c share.  Not for others. */
#ifndef AUTOPIN_COPY_INT_H
#define AUTOPIN_COPY_INT_H

#include "copy.h"
#include "policy/site.h"

/* The program's own call, for this range.  Results: the driver's. */
CUresult copy_call(const struct copy *copy, uintptr_t to, uintptr_t from, size_t bytes);

/* The same, cut at the borders of registrations (rule 13); in every state: a promotion may begin at any moment. */
CUresult copy_call_cut(const struct copy *copy, const struct block *block, uintptr_t host);

/* The same through a bounce buffer: the driver sees pageable memory that nobody ever pins. */
CUresult copy_call_bounced(const struct copy *copy, enum direction dir);

#endif
