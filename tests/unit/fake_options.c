/* Fakes of the places that options come from: see fake_prim.h.  No lock. */
#include "tests/unit/fake_prim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct {
    const char *name, *value;
} env[FAKE_MAX_PLACES];
static struct {
    const char *path, *text;
    size_t len;
    int err;
} file[FAKE_MAX_PLACES];
static char env_text[FAKE_MAX_PLACES][128], *environment[FAKE_MAX_PLACES + 1]; /* "NAME=VALUE", as environ has it */
static unsigned n_env, n_files;

void fake_reset_options(void)
{
    fake_source.ram_bytes = 64ull << 30;
    memset(environment, 0, sizeof(environment));
    n_env = n_files = 0;
}

void fake_set_env(const char *name, const char *value)
{
    snprintf(env_text[n_env], sizeof(env_text[n_env]), "%s=%s", name, value);
    environment[n_env] = env_text[n_env];
    env[n_env].name = name;
    env[n_env++].value = value;
}

void fake_set_file(const char *path, const char *text, size_t len, int err)
{
    file[n_files].path = path;
    file[n_files].text = text;
    file[n_files].len = len;
    file[n_files++].err = err;
}

/* As a real one might, this and read_file() leave something in errno. */
static const char *get_env(const char *name)
{
    errno = EINVAL;
    for (unsigned i = 0; i < n_env; i++)
        if (!strcmp(env[i].name, name))
            return env[i].value;
    return NULL;
}

static int read_file(const char *path, char *buf, size_t cap, size_t *len)
{
    errno = EIO;
    for (unsigned i = 0; i < n_files; i++) {
        if (strcmp(file[i].path, path))
            continue;
        if (!file[i].text)
            return file[i].err;
        if (file[i].len > cap)
            return -EFBIG;
        memcpy(buf, file[i].text, file[i].len);
        *len = file[i].len;
        return 0;
    }
    return -ENOENT;
}

static const char *error_text(int error)
{
    return error == ENOENT ? "no such file" : "another error";
}
struct options_source fake_source = {get_env, read_file, 64ull << 30, fake_log_line, environment, error_text};

int fake_load(struct options *out, const char *text, size_t len)
{
    fake_set_env("AUTOPIN_CONF", "test.conf");
    fake_set_file("test.conf", text, len, 0);
    return options_load(out, &fake_source);
}
