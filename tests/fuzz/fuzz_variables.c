/* The environment.  Input: what RAM there is, what becomes of files, then "NAME=VALUE" with a NUL each.
 *
 * fuzz: -max_len=1500 */
#include "policy/conf.h"
#include "policy/options.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENTRIES = 40
};

static char *environment[ENTRIES + 1];
static unsigned n_shown;
static int file_error;

static const char *get_env(const char *name)
{
    const size_t len = strlen(name);
    for (char **entry = environment; *entry; entry++)
        if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
            return *entry + len + 1;
    return NULL;
}

static int read_file(const char *path, char *buf, size_t cap, size_t *len)
{
    (void)path, (void)cap;
    if (file_error)
        return -file_error;
    memcpy(buf, "[limits]\nmin_size = 2M\n", 23);
    *len = 23;
    return 0;
}

static int is_set(const char *name, size_t len)
{
    for (char **entry = environment; *entry; entry++)
        if (strncmp(*entry, name, len) == 0)
            return 1;
    return 0;
}

static void complain(int level, const char *line)
{
    static const char variable[] = "autopin: AUTOPIN_";
    (void)level;
    if (++n_shown > CONF_MAX_COMPLAINTS)
        return;
    fuzz_sentence(line, "autopin: ");
    FUZZ_EXPECT(strstr(line + 9, ": "), "it does not say what it is about: %s", line);
    const size_t begin = sizeof "autopin: " - 1, len = strcspn(line + begin, ":");
    if (strncmp(line, variable, sizeof variable - 1) == 0 && !memchr(line + begin, '?', len) &&
        !get_env("AUTOPIN_CONF"))
        FUZZ_EXPECT(is_set(line + begin, len), "a variable that is not set: %s", line);
}

static const char *error_text(int error)
{
    (void)error;
    return "an error";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int errors[] = {ENOENT, EACCES, EFBIG, 0};
    static const uint64_t rams[] = {0, 64ull << 30, 1, 1ull << 46, UINT64_MAX / 4096 * 4096, 3, 4097, 1ull << 20};
    static struct options options;
    struct fuzz_input input = {data, data + size};
    const uint64_t how = fuzz_number(&input, 1);
    unsigned n = 0;
    while (n < ENTRIES && (environment[n] = fuzz_text(&input, 0, NULL)))
        n++;
    environment[n] = NULL;
    file_error = errors[how & 3];
    n_shown = 0;
    const struct options_source source = {get_env, read_file, rams[how >> 2 & 7], complain, environment, error_text};
    const int rc = options_load(&options, &source);
    FUZZ_EXPECT(rc == (int)options.n_complaints && (rc == 0) == (n_shown == 0), "%d, shown %u", rc, n_shown);
    FUZZ_EXPECT(source.ram_bytes == 0 || options.max_pinned <= source.ram_bytes, "more than there is");
    const char *disable = get_env("AUTOPIN_DISABLE");
    FUZZ_EXPECT(!options_disabled(&source) || (disable && *disable), "disabled by nothing");
    while (n)
        free(environment[--n]);
    return 0;
}
