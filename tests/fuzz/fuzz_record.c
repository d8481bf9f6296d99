/* The record of a process: autopin report prints a report of it that can be read again, or one sentence says what is
 * wrong with it.  What says which version wrote it is put right first: the corpus would not outlive a change otherwise.
 *
 * fuzz: -max_len=40000 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policy/record.h"
#include "scripts/command/record_read.h"
#include "tests/fuzz/fuzz.h"

static const char *file_of(const uint8_t *data, size_t size)
{
    static uint8_t bytes[1 << 17];
    const size_t len = size < sizeof bytes ? size : sizeof bytes;
    memcpy(bytes, data, len);
    if (len >= sizeof(struct record_head)) {
        struct record_head *head = (void *)bytes;
        memcpy(head->magic, RECORD_MAGIC, sizeof RECORD_MAGIC);
        head->format = RECORD_FORMAT;
        head->layout = record_layout();
    }
    return fuzz_file(bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[1000] = "";
    size_t len = 0;
    FILE *file = fopen(file_of(data, size), "r");
    FUZZ_EXPECT(file != NULL, "%d", errno);
    char *text = record_read_json(file, &len, why, sizeof why);
    fclose(file);
    if (text) {
        json_error_t error;
        json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
        FUZZ_EXPECT(json != NULL, "%d:%d: %s", error.line, error.column, error.text);
        json_decref(json);
    } else {
        fuzz_sentence(why, "");
    }
    free(text);
    return 0;
}
