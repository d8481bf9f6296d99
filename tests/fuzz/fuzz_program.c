/* The program that autopin run is to start: an ELF file, a script, or anything else.
 *
 * fuzz: -max_len=4500 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "scripts/command/command.h"
#include "scripts/command/run_check.h"
#include "tests/fuzz/fuzz.h"

static int check(void *path)
{
    char found[4096];
    return check_program(path, "/proc/self/exe", found, sizeof found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[64];
    char line[5000];
    snprintf(path, sizeof path, "%s", fuzz_file(data, size));
    FUZZ_EXPECT(chmod(path, 0700) == 0, "%s", path);
    const struct fuzz_said said = fuzz_listen(check, path);
    const size_t len = strlen(said.err);
    FUZZ_EXPECT(!said.out[0], "%s", said.out);
    FUZZ_EXPECT((said.status != COMMAND_WELL) == (len != 0), "%d: %s", said.status, said.err);
    if (!len)
        return 0;
    FUZZ_EXPECT(said.status == COMMAND_CANNOT || said.status == COMMAND_NOT_FOUND, "%d", said.status);
    FUZZ_EXPECT(len < sizeof line && strchr(said.err, '\n') == said.err + len - 1, "%s", said.err);
    snprintf(line, sizeof line, "%.*s", (int)len - 1, said.err);
    fuzz_sentence(line, "autopin run: ");
    return 0;
}
