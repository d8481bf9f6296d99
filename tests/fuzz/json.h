/* Mutations of JSON for the fuzz targets that read some. */
#ifndef AUTOPIN_FUZZ_JSON_H
#define AUTOPIN_FUZZ_JSON_H

#include <stddef.h>
#include <stdint.h>

/* Changes a document in place, in a few of its values; it may grow up to cap bytes.  Returns its size; 0 when it is no
 * JSON, or none that fits. */
size_t json_mutate(uint8_t *data, size_t size, size_t cap, unsigned seed);

/* libFuzzer's own mutations, where it is linked, and how it asks for others. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t cap) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed);

#endif
