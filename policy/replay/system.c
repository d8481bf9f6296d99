/* policy/prim.h for replay: memory and messages.  The rest is in world.c and alone.c. */
#include "policy/prim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "policy/cost.h"
#include "policy/options.h"
#include "policy/replay/replay.h"

void *prim_map(size_t bytes)
{
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mem == MAP_FAILED ? NULL : mem;
}

void prim_unmap(void *mem, size_t bytes)
{
    munmap(mem, bytes);
}

void prim_log(int level, const char *fmt, ...)
{
    va_list args;
    if (level > 0)
        return;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

void replay_know(const struct machine *machine)
{
    const uint64_t bytes = 64 << 20;
    for (int i = 0; i < 300; i++) {
        for (int dir = 0; dir < DIR_COUNT; dir++) {
            cost_copy_seen(dir, WAY_PLAIN, bytes, copy_ns(machine, dir, 0, bytes) - machine->latency_ns);
            cost_copy_seen(dir, WAY_DIRECT, bytes, copy_ns(machine, dir, 1, bytes) - machine->latency_ns);
        }
        cost_pin_seen(bytes, 0, 0, pin_ns(machine, bytes, bytes));
    }
}

/* --- options out of a text --- */

static const char *conf_text;

static const char *get_env(const char *name)
{
    return strcmp(name, "AUTOPIN_CONF") == 0 ? "pinning.conf" : NULL;
}

static int read_conf(const char *path, char *buf, size_t cap, size_t *len)
{
    (void)path;
    *len = strlen(conf_text);
    if (*len > cap)
        return -EFBIG;
    memcpy(buf, conf_text, *len);
    return 0;
}

static void complain(int level, const char *line)
{
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static const char *error_text(int error)
{
    return strerror(error); /* NOLINT(concurrency-mt-unsafe): there is one thread */
}

int replay_options(struct options *options, const char *conf)
{
    const struct options_source source = {get_env, read_conf, 1ull << 46, complain, NULL, error_text};
    conf_text = conf;
    return options_load(options, &source);
}
