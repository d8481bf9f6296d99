/* The one way to uthash: private memory, and no exit when it is short (rule 35).
 *
 * After an insertion that ran out of memory, `table_failed` is set and the element is not in the table. */
#ifndef AUTOPIN_TABLE_H
#define AUTOPIN_TABLE_H

#include "mem.h"

#define HASH_NONFATAL_OOM            1
#define uthash_malloc(size)          mem_get(size)
#define uthash_free(ptr, size)       mem_put(ptr, size)
#define uthash_nonfatal_oom(element) (table_failed = 1)
/* Keys are 64-bit hashes already. */
#define HASH_FUNCTION(key, length, out)                                                                                \
    ((out) = (unsigned)(*(const uint64_t *)(key) ^ (*(const uint64_t *)(key) >> 32)))

#include <uthash.h>

#endif
