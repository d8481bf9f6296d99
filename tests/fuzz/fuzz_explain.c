/* autopin config --explain.  Input: the site, NUL, a pinning.conf.
 *
 * fuzz: -max_len=900 */
#include "scripts/command/config_explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/parse.h"
#include "scripts/command/command.h"
#include "tests/fuzz/fuzz.h"

static struct options options;
static const char *conf;
static size_t conf_len;

static const char *get_env(const char *name)
{
    return strcmp(name, "AUTOPIN_CONF") == 0 ? "pinning.conf" : NULL;
}

static int read_file(const char *path, char *buf, size_t cap, size_t *len)
{
    (void)path;
    if (conf_len > cap)
        return -EFBIG;
    memcpy(buf, conf, conf_len);
    *len = conf_len;
    return 0;
}

static void complain(int level, const char *line)
{
    (void)level, (void)line;
}

static const char *error_text(int error)
{
    (void)error;
    return "an error";
}

static int explain(void *site)
{
    return explain_site(&options, site, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct options_source source = {get_env, read_file, 64ull << 30, complain, NULL, error_text};
    struct fuzz_input input = {data, data + size};
    char line[2000];
    char *site = fuzz_text(&input, 0, NULL);
    if (!site)
        return 0;
    conf = (const char *)input.at;
    conf_len = (size_t)(input.end - input.at);
    options_load(&options, &source);
    const struct fuzz_said said = fuzz_listen(explain, site);
    const size_t len = strlen(said.err);
    if (said.status == COMMAND_WELL) {
        FUZZ_EXPECT(!len && strstr(said.out, "in force for it:\n"), "%s%s", said.err, said.out);
        FUZZ_EXPECT(parse_is_utf8(said.out), "no UTF-8: %s", said.out);
        for (const char *c = said.out; *c; c++)
            FUZZ_EXPECT(((unsigned char)*c >= ' ' && *c != 127) || *c == '\n', "control character %d", *c);
    } else {
        FUZZ_EXPECT(said.status == COMMAND_USAGE && !said.out[0], "%d: %s", said.status, said.out);
        FUZZ_EXPECT(len && len < sizeof line && strchr(said.err, '\n') == said.err + len - 1, "%s", said.err);
        snprintf(line, sizeof line, "%.*s", (int)len - 1, said.err);
        fuzz_sentence(line, "autopin config: '");
    }
    free(site);
    return 0;
}
